"""Building a generation from the store's passages: encode, index, publish.

A new generation starts from its predecessor when both were made with the same
encoder, segmenter and cleaner: unchanged passages are neither encoded nor
indexed again (`index.plan`), and files that stay the same are shared (`index.delta`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from corpus.cleaning import CLEANER_VERSION
from corpus.locking import PATIENCE_SECONDS, corpus_lock
from corpus.settings import Settings
from corpus.store import Store
from index import engines
from index.bulk import prepared
from index.calibration import Calibration
from index.encoders import load_encoder, load_lexicon
from index.engines import GenerationWriter
from index.fusion import Weights
from index.interfaces import Encoder
from index.plan import LEXICAL_FORMAT, Plan, make_plan
from index.publish import (
    FORMAT,
    Manifest,
    current_name,
    drop_old,
    listed_files,
    publish,
    sha256_of,
    start,
)
from index.texts_beside import DICTIONARY
from index.writing import making

TRUNCATED = "truncated.json"
Progress = Callable[[int, int], None]


def build(
    store: Store,
    settings: Settings,
    progress: Progress | None = None,
    *,
    encoder: Encoder | None = None,
    fresh: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
    forget: bool = True,
    stage: Callable[[str], None] | None = None,
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
        stage: told what comes after the passages, which may take a while: the index, then its checksums.

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
            name = _publish(plan, snapshot, settings, encoder, progress, stage)
        _tidy(store, settings, forget=forget)
        return name


def _tidy(store: Store, settings: Settings, *, forget: bool) -> None:
    """Drop what is no longer needed; also where an earlier build published and did not come to that."""
    kept = drop_old(settings)
    engines.tidy(settings, kept, forget=forget)
    if forget:
        store.forget(min(Manifest.read(folder).change for folder in kept))


def _publish(
    plan: Plan,
    snapshot: Store,
    settings: Settings,
    encoder: Encoder,
    progress: Progress | None,
    stage: Callable[[str], None] | None,
) -> str:
    partial = start(settings)
    writer: GenerationWriter | None = None
    try:
        writer = engines.writer(partial, plan, snapshot, encoder, settings)
        written = _write(partial, plan, snapshot, settings, encoder, writer, progress)
        _tell(stage, "เขียนดัชนี / writing the index")
        writer.finish()
        _tell(stage, "ผลรวมตรวจสอบ / checksums")
        _manifest(partial, snapshot, encoder, plan, written, writer).write(partial)
        return publish(partial, settings)
    except BaseException:
        # What was written may be what fills the disk.
        shutil.rmtree(partial, ignore_errors=True)
        if writer is not None:
            writer.abandon()
        raise


def _tell(stage: Callable[[str], None] | None, what: str) -> None:
    if stage is not None:
        stage(what)


@dataclass(frozen=True, slots=True)
class _Written:
    """How many of a generation's passages the encoder had to cut, and `corpus_sum.total` of those that were added."""

    truncated: int
    total: int


def _write(
    partial: Path,
    plan: Plan,
    snapshot: Store,
    settings: Settings,
    encoder: Encoder,
    writer: GenerationWriter,
    progress: Progress | None,
) -> _Written:
    """Give the writer all passages."""
    writer.remove(plan.removed)
    truncated = _base_truncated(plan)
    done = total = 0
    for batch in prepared(snapshot, settings, plan.added, encoder, partial / DICTIONARY):
        writer.add(batch)
        truncated += batch.truncated
        total += batch.total
        done += len(batch)
        if progress:
            progress(done, len(plan.added))
    (partial / TRUNCATED).write_text(json.dumps(truncated), encoding="utf-8")
    return _Written(len(truncated), total)


def _base_truncated(plan: Plan) -> list[int]:
    """Rows of the predecessor that its encoder had to cut and that are still there."""
    if plan.base is None:
        return []
    rows: list[int] = json.loads((plan.base / TRUNCATED).read_text(encoding="utf-8"))
    return sorted(set(rows) - set(plan.removed.tolist()))


def _manifest(
    partial: Path,
    snapshot: Store,
    encoder: Encoder,
    plan: Plan,
    written: _Written,
    writer: GenerationWriter,
) -> Manifest:
    return Manifest(
        format=FORMAT,
        encoder=encoder.name,
        revision=encoder.revision,
        prefixes=encoder.prefixes,
        dim=encoder.dim,
        cleaner=CLEANER_VERSION,
        segmenter=writer.segmenter.name,
        change=snapshot.change,
        passages=plan.passages,
        base_change=plan.base_change if plan.is_delta else snapshot.change,
        base_passages=plan.base_passages if plan.is_delta else plan.passages,
        corpus_sum=plan.corpus_sum(snapshot, written.total),
        truncated=written.truncated,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        lexical=LEXICAL_FORMAT,
        lexicon=load_lexicon(encoder).revision,
        vector_index=writer.vector_index,
        fusion=asdict(Weights.load()),
        calibration=Calibration.load().revision,
        files=_digests(partial, plan.base),
        milvus=writer.milvus,
    )


def _digests(partial: Path, base: Path | None) -> dict[str, str]:
    """The SHA-256 of every file; a hard link of the predecessor's has the one that its manifest names."""
    known = {}
    if base is not None:
        for name, digest in Manifest.read(base).files.items():
            status = (base / name).stat()
            known[status.st_dev, status.st_ino] = digest
    files = {}
    anew: list[Path] = []
    for path in listed_files(partial):
        status = path.stat()
        linked = known.get((status.st_dev, status.st_ino))
        if linked is None:
            anew.append(path)
        else:
            files[path.relative_to(partial).as_posix()] = linked
    made = zip(anew, sha256_of(anew), strict=True)
    return files | {path.relative_to(partial).as_posix(): digest for path, digest in made}
