"""Building a generation from the store's passages: encode, index, publish.

A new generation starts from its predecessor when both were made with the same
encoder, segmenter and cleaner: unchanged passages are neither encoded nor
indexed again (`index.plan`), and files that stay the same are shared (`index.delta`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from corpus.cleaning import CLEANER_VERSION
from corpus.locking import PATIENCE_SECONDS, corpus_lock
from corpus.segment import Segmenter, write_dictionary
from corpus.settings import Settings
from corpus.store import Store, StoredPassage
from index import forward, name_table
from index.calibration import Calibration
from index.corpus_words import COUNTS, write_counts
from index.delta import Delta
from index.dense import DenseWriter
from index.embedded import LEXICAL
from index.encoders import StaticEncoder, load_encoder, load_lexicon
from index.forward import ForwardIndex, ForwardWriter, document_number
from index.fusion import Weights
from index.interfaces import Encoder
from index.lexical import LexicalIndex, LexicalWriter
from index.name_table import names_of
from index.plan import LEXICAL_FORMAT, Plan, make_plan
from index.publish import (
    FORMAT,
    Manifest,
    current_name,
    drop_old,
    file_sha256,
    listed_files,
    publish,
    start,
)
from index.writing import making

DICTIONARY = "words.txt"
TRUNCATED = "truncated.json"
_BATCH = 2048
Progress = Callable[[int, int], None]


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
    forget: bool = True,
) -> str:
    """Publish a generation of all passages now in the store; its name.

    Args:
        store: the truth.
        settings: names the data directory and the encoder.
        progress: called with (passages done, passages to do).
        encoder: use this one instead of loading the one that the settings name.
        fresh: start from nothing even where the predecessor could serve.
        patience_seconds: how long to wait for another process that changes this data directory.
        forget: delete rows that no kept generation reads; a caller who builds often does so itself, later,
            because another process may still be answering from an earlier generation.

    Returns:
        The new generation's name, or the current one's when nothing has changed.

    Raises:
        corpus.locking.CorpusLockedError: another process is still changing this data directory.
        index.writing.GenerationWriteError: the disk is full, read-only or failing; the generation before still serves.
    """
    encoder = encoder or load_encoder(settings.encoder, revision=settings.encoder_revision)
    with corpus_lock(settings, "karani build", patience_seconds=patience_seconds):
        snapshot = store.at(store.change)
        plan = make_plan(snapshot, settings, encoder, fresh=fresh)
        # A title, a page's source or other metadata may have changed, which no passage holds.
        unchanged = plan.before is not None and plan.is_empty and plan.before.change == snapshot.change
        if plan.base is not None and unchanged and plan.base.name == current_name(settings):
            _tidy(store, settings, forget=forget)
            return plan.base.name
        with making(settings):
            name = _publish(plan, snapshot, settings, encoder, progress)
        _tidy(store, settings, forget=forget)
        return name


def _tidy(store: Store, settings: Settings, *, forget: bool) -> None:
    """Drop what is no longer needed; also where an earlier build published and did not come to that."""
    kept = drop_old(settings)
    if forget:
        store.forget(min(Manifest.read(folder).change for folder in kept))


def _publish(
    plan: Plan, snapshot: Store, settings: Settings, encoder: Encoder, progress: Progress | None
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


def _write(partial: Path, plan: Plan, snapshot: Store, encoder: Encoder, progress: Progress | None) -> int:
    """Write vectors, lexical files and all that is beside them; how many passages the encoder had to truncate."""
    lexicon = load_lexicon(encoder)
    writers = _Writers.start(partial, plan, snapshot, encoder.dim, lexicon)
    truncated = _base_truncated(plan)
    done = 0
    for batch in _batches(snapshot, plan):
        texts = [passage_input(stored) for stored in batch]
        if encoder.max_tokens is not None:
            counts = encoder.count_tokens(texts)
            truncated += [s.row for s, count in zip(batch, counts, strict=True) if count > encoder.max_tokens]
        rows = np.asarray([stored.row for stored in batch], dtype=np.int64)
        writers.vectors.add(rows, encoder.encode_passages(texts))
        _add_forward(writers.forward, lexicon, batch)
        for stored in batch:
            writers.lexical.add(stored)
        done += len(batch)
        if progress:
            progress(done, len(plan.added))
    writers.lexical.commit()
    _finish(partial, plan, snapshot, writers)
    (partial / TRUNCATED).write_text(json.dumps(truncated), encoding="utf-8")
    return len(truncated)


@dataclass(frozen=True, slots=True)
class _Writers:
    """What a build writes passages into; with a delta, `vectors` and `forward` are the delta's."""

    vectors: DenseWriter
    forward: ForwardWriter
    lexical: LexicalWriter
    segmenter: Segmenter

    @classmethod
    def start(cls, partial: Path, plan: Plan, snapshot: Store, dim: int, lexicon: StaticEncoder) -> _Writers:
        """Begin with nothing, or with what the predecessor holds, less what went."""
        forward = ForwardWriter(len(lexicon.vectors))
        if plan.base is None:
            write_dictionary(partial / DICTIONARY, _place_names(snapshot))
            vectors = DenseWriter.new(dim)
        else:
            os.link(plan.base / DICTIONARY, partial / DICTIONARY)
            _link_tree(plan.base / LEXICAL, partial / LEXICAL)
            vectors = DenseWriter.delta(plan.base) if plan.is_delta else DenseWriter.read(plan.base)
            vectors.remove(plan.removed)
            forward.copy(ForwardIndex(plan.base), plan.removed, delta_only=plan.is_delta)
        segmenter = Segmenter(partial / DICTIONARY)
        lexical = LexicalWriter(partial / LEXICAL, segmenter.terms)
        lexical.remove(plan.removed.tolist())
        return cls(vectors, forward, lexical, segmenter)


def _finish(partial: Path, plan: Plan, snapshot: Store, writers: _Writers) -> None:
    """Write what was collected: new base files, or a delta beside the predecessor's."""
    if plan.base is None or not plan.is_delta:
        writers.vectors.write(partial)
        writers.forward.write(partial)
        name_table.write(partial, names_of(snapshot), writers.segmenter)
        write_counts(partial / COUNTS, partial / DICTIONARY, LexicalIndex(partial / LEXICAL))
        return
    delta = Delta.new(partial, plan.gone_from_base)
    writers.vectors.write_delta(delta, plan.base)
    writers.forward.write(delta.folder)
    forward.link(plan.base, partial)
    name_table.write(delta.folder, names_of(snapshot, plan.base_change), writers.segmenter)
    name_table.link(plan.base, partial)
    os.link(plan.base / COUNTS, partial / COUNTS)


def _add_forward(forward: ForwardWriter, lexicon: StaticEncoder, batch: Sequence[StoredPassage]) -> None:
    contexts = lexicon.rows([stored.context for stored in batch])
    bodies = lexicon.rows([stored.passage.text for stored in batch])
    for stored, context, body in zip(batch, contexts, bodies, strict=True):
        forward.add(stored.row, document_number(stored.passage.document_id), context, body)


def _batches(snapshot: Store, plan: Plan) -> Iterator[list[StoredPassage]]:
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


def _base_truncated(plan: Plan) -> list[int]:
    """Rows of the predecessor that its encoder had to cut and that are still there."""
    if plan.base is None:
        return []
    rows: list[int] = json.loads((plan.base / TRUNCATED).read_text(encoding="utf-8"))
    return sorted(set(rows) - set(plan.removed.tolist()))


def _link_tree(source: Path, target: Path) -> None:
    """Hard links: tantivy never changes a written segment, and replaces its meta files by rename."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, target / path.name)


def _manifest(partial: Path, snapshot: Store, encoder: Encoder, truncated: int, plan: Plan) -> Manifest:
    return Manifest(
        format=FORMAT,
        encoder=encoder.name,
        revision=encoder.revision,
        prefixes=encoder.prefixes,
        dim=encoder.dim,
        cleaner=CLEANER_VERSION,
        segmenter=Segmenter(partial / DICTIONARY).name,
        change=snapshot.change,
        passages=plan.passages,
        base_change=plan.base_change if plan.is_delta else snapshot.change,
        base_passages=plan.base_passages if plan.is_delta else plan.passages,
        corpus_sum=plan.corpus_sum(snapshot),
        truncated=truncated,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        lexical=LEXICAL_FORMAT,
        lexicon=load_lexicon(encoder).revision,
        fusion=asdict(Weights.load()),
        calibration=Calibration.load().revision,
        files=_digests(partial, plan.base),
    )


def _digests(partial: Path, base: Path | None) -> dict[str, str]:
    """The SHA-256 of every file; a hard link of the predecessor's has the one that its manifest names."""
    known = {}
    if base is not None:
        for name, digest in Manifest.read(base).files.items():
            status = (base / name).stat()
            known[status.st_dev, status.st_ino] = digest
    files = {}
    for path in listed_files(partial):
        status = path.stat()
        linked = known.get((status.st_dev, status.st_ino))
        files[path.relative_to(partial).as_posix()] = linked or file_sha256(path)
    return files
