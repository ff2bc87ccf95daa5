"""Building a generation from the store's passages: encode, index, publish.

A new generation starts from its predecessor when both were made with the same
encoder, segmenter and cleaner: unchanged passages are neither encoded nor
indexed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from corpus.cleaning import CLEANER_VERSION
from corpus.locking import PATIENCE_SECONDS, corpus_lock
from corpus.segment import Segmenter, write_dictionary
from corpus.settings import Settings
from corpus.store import Store, StoredPassage
from index.calibration import Calibration
from index.dense import DenseWriter
from index.encoders import StaticEncoder, load_encoder, load_lexicon
from index.forward import ForwardIndex, ForwardWriter, document_number
from index.fusion import Weights
from index.interfaces import Encoder
from index.lexical import LexicalWriter
from index.publish import (
    FORMAT,
    GenerationError,
    Manifest,
    complete_generations,
    current_name,
    drop_old,
    file_sha256,
    listed_files,
    publish,
    start,
)
from index.writing import making

LEXICAL = "lexical"
FORWARD = "forward"
DICTIONARY = "words.txt"
TRUNCATED = "truncated.json"
#: Changes whenever fields or terms do: a predecessor of another format is no base.
LEXICAL_FORMAT = "words+characters-2"
_BATCH = 2048
#: Rebuild from nothing when more than this share of the passages would change.
_FRESH_SHARE = 0.5

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What separates a new generation from the one it starts from."""

    base: Path | None
    added: list[int]
    removed: list[int]
    total: int


def passage_input(stored: StoredPassage) -> str:
    """The text that stands for a passage in the encoder: its context, then itself."""
    return f"{stored.context}\n{stored.passage.text}" if stored.context else stored.passage.text


def build(
    store: Store,
    settings: Settings,
    progress: Progress | None = None,
    *,
    encoder: Encoder | None = None,
    fresh: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
) -> str:
    """Publish a generation of all passages now in the store; its name.

    Args:
        store: the truth.
        settings: names the data directory and the encoder.
        progress: called with (passages done, passages to do).
        encoder: use this one instead of loading the one that the settings name.
        fresh: start from nothing even where the predecessor could serve.
        patience_seconds: how long to wait for another process that changes this data directory.

    Returns:
        The new generation's name, or the current one's when nothing has changed.

    Raises:
        corpus.locking.CorpusLockedError: another process is still changing this data directory.
        index.writing.GenerationWriteError: the disk is full, read-only or failing; the generation before still serves.
    """
    encoder = encoder or load_encoder(settings.encoder, revision=settings.encoder_revision)
    with corpus_lock(settings, "karani build", patience_seconds=patience_seconds):
        snapshot = store.at(store.change)
        plan = _plan(snapshot, settings, encoder, fresh=fresh)
        if plan.base is not None and not plan.added and not plan.removed:
            name = plan.base.name
            if name == current_name(settings):
                _tidy(store, settings)
                return name
        with making(settings):
            name = _publish(plan, snapshot, settings, encoder, progress)
        _tidy(store, settings)
        return name


def _tidy(store: Store, settings: Settings) -> None:
    """Drop what is no longer needed; also where an earlier build published and did not come to that."""
    kept = drop_old(settings)
    store.forget(min(Manifest.read(folder).change for folder in kept))


def _publish(
    plan: _Plan, snapshot: Store, settings: Settings, encoder: Encoder, progress: Progress | None
) -> str:
    partial = start(settings)
    try:
        truncated = _write(partial, plan, snapshot, encoder, progress)
        _manifest(partial, snapshot, encoder, truncated, plan).write(partial)
        return publish(partial, settings)
    except BaseException:
        # What was written may be what fills the disk.
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _plan(snapshot: Store, settings: Settings, encoder: Encoder, *, fresh: bool) -> _Plan:
    rows = snapshot.row_numbers()
    base = None if fresh else _base(settings, encoder)
    if base is None:
        return _Plan(None, list(rows), [], len(rows))
    held = set(ForwardIndex(base / FORWARD).rows.tolist())
    now = set(rows)
    added, removed = sorted(now - held), sorted(held - now)
    if len(added) + len(removed) > _FRESH_SHARE * max(1, len(now)):
        return _Plan(None, list(rows), [], len(rows))
    return _Plan(base, added, removed, len(rows))


def _base(settings: Settings, encoder: Encoder) -> Path | None:
    """The current generation, if a new one may start from its files."""
    folders = complete_generations(settings)
    if not folders:
        return None
    try:
        manifest = Manifest.read(folders[0])
    except GenerationError:
        return None
    same = (
        manifest.revision == encoder.revision
        and manifest.dim == encoder.dim
        and manifest.prefixes == encoder.prefixes
        and manifest.cleaner == CLEANER_VERSION
        and manifest.lexical == LEXICAL_FORMAT
        and manifest.lexicon == load_lexicon(encoder).revision
    )
    return folders[0] if same else None


def _write(partial: Path, plan: _Plan, snapshot: Store, encoder: Encoder, progress: Progress | None) -> int:
    """Write vectors and lexical files; how many passages the encoder had to truncate."""
    dictionary = partial / DICTIONARY
    if plan.base is None:
        write_dictionary(dictionary, _place_names(snapshot))
        vectors = DenseWriter.new(encoder.dim)
    else:
        os.link(plan.base / DICTIONARY, dictionary)
        _link_tree(plan.base / LEXICAL, partial / LEXICAL)
        vectors = DenseWriter.read(plan.base)
        vectors.remove(np.asarray(plan.removed, dtype=np.int64))
    truncated = _base_truncated(plan)
    lexicon = load_lexicon(encoder)
    forward = ForwardWriter(len(lexicon.vectors))
    if plan.base is not None:
        forward.copy(ForwardIndex(plan.base / FORWARD), plan.removed)
    writer = LexicalWriter(partial / LEXICAL, Segmenter(dictionary).terms)
    writer.remove(plan.removed)
    done = 0
    for batch in _batches(snapshot, plan):
        texts = [passage_input(stored) for stored in batch]
        if encoder.max_tokens is not None:
            counts = encoder.count_tokens(texts)
            truncated += [s.row for s, count in zip(batch, counts, strict=True) if count > encoder.max_tokens]
        rows = np.asarray([stored.row for stored in batch], dtype=np.int64)
        vectors.add(rows, encoder.encode_passages(texts))
        _add_forward(forward, lexicon, batch)
        for stored in batch:
            writer.add(stored)
        done += len(batch)
        if progress:
            progress(done, len(plan.added))
    writer.commit()
    forward.write(partial / FORWARD)
    vectors.write(partial)
    (partial / TRUNCATED).write_text(json.dumps(truncated), encoding="utf-8")
    return len(truncated)


def _add_forward(forward: ForwardWriter, lexicon: StaticEncoder, batch: Sequence[StoredPassage]) -> None:
    contexts = lexicon.rows([stored.context for stored in batch])
    bodies = lexicon.rows([stored.passage.text for stored in batch])
    for stored, context, body in zip(batch, contexts, bodies, strict=True):
        forward.add(stored.row, document_number(stored.passage.document_id), context, body)


def _batches(snapshot: Store, plan: _Plan) -> Iterator[list[StoredPassage]]:
    if plan.base is None:
        yield from snapshot.stream(size=_BATCH)
        return
    for begin in range(0, len(plan.added), 500):
        found = snapshot.stored(plan.added[begin : begin + 500])
        yield [found[row] for row in sorted(found)]


def _place_names(snapshot: Store) -> list[str]:
    """Bare place names of the cases, so that บ้านบึง is one word wherever it stands."""
    names = set()
    for info in snapshot.cases():
        bare = info.case.name.removeprefix(info.case.kind).strip()
        if 2 < len(bare) <= 40 and " " not in bare:
            names.add(bare)
    return sorted(names)


def _base_truncated(plan: _Plan) -> list[int]:
    """Rows of the predecessor that its encoder had to cut and that are still there."""
    if plan.base is None:
        return []
    rows: list[int] = json.loads((plan.base / TRUNCATED).read_text(encoding="utf-8"))
    return sorted(set(rows) - set(plan.removed))


def _link_tree(source: Path, target: Path) -> None:
    """Hard links: tantivy never changes a written segment, and replaces its meta files by rename."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, target / path.name)


def _manifest(partial: Path, snapshot: Store, encoder: Encoder, truncated: int, plan: _Plan) -> Manifest:
    known: dict[tuple[int, int], str] = {}
    if plan.base is not None:
        before: Any = Manifest.read(plan.base).files
        for name, digest in before.items():
            status = (plan.base / name).stat()
            known[status.st_dev, status.st_ino] = digest
    files = {}
    for path in listed_files(partial):
        status = path.stat()
        linked = known.get((status.st_dev, status.st_ino))
        files[path.relative_to(partial).as_posix()] = linked or file_sha256(path)
    return Manifest(
        format=FORMAT,
        encoder=encoder.name,
        revision=encoder.revision,
        prefixes=encoder.prefixes,
        dim=encoder.dim,
        cleaner=CLEANER_VERSION,
        segmenter=Segmenter(partial / DICTIONARY).name,
        change=snapshot.change,
        passages=plan.total,
        corpus_sha256=_corpus_sha256(snapshot),
        truncated=truncated,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        lexical=LEXICAL_FORMAT,
        lexicon=load_lexicon(encoder).revision,
        fusion=asdict(Weights.load()),
        calibration=Calibration.load().revision,
        files=files,
    )


def _corpus_sha256(snapshot: Store) -> str:
    digest = hashlib.sha256()
    for batch in snapshot.stream():
        for stored in batch:
            digest.update(f"{stored.passage.passage_id}\x1f{stored.context}\x1e".encode())
    return digest.hexdigest()
