"""What separates a new generation from its predecessor, and the way to write it that follows.

- Nothing to start from (another encoder, segmenter or cleaner, most passages changed): everything is made anew.
- A small corpus, or much has changed since the base files were written: all files are written anew from the predecessor's,
  without encoding anything twice.
- Else only a delta is written, beside hard links to the predecessor's base files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpus.cleaning import CLEANER_VERSION
from corpus.settings import Settings
from corpus.store import Store
from index import corpus_sum
from index.delta import Delta, Rows, is_little
from index.encoders import load_lexicon
from index.interfaces import Encoder
from index.publish import GenerationError, Manifest, complete_generations

#: Changes whenever fields or terms do: a predecessor of another format is no base.
LEXICAL_FORMAT = "words+characters-2"
#: Make everything anew when more than this share of the passages would change.
_FRESH_SHARE = 0.5


def _none() -> Rows:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to come from one generation to the next.

    Attributes:
        passages: how many the new generation holds.
        added: rows to index.
        base: the predecessor to start from; ``None`` makes everything anew.
        before: its manifest.
        removed: its rows that are gone.
        gone_from_base: all rows of the base files that are gone, those that earlier builds took out included.
        is_delta: whether only a delta is written.
    """

    passages: int
    added: list[int]
    base: Path | None = None
    before: Manifest | None = None
    removed: Rows = field(default_factory=_none)
    gone_from_base: Rows = field(default_factory=_none)
    is_delta: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return not self.added and not len(self.removed)

    @property
    def base_change(self) -> int:
        """The change that the predecessor's base files were written at."""
        return self.before.base_change if self.before else 0

    @property
    def base_passages(self) -> int:
        """How many passages the predecessor's base files hold."""
        return self.before.base_passages if self.before else 0

    def corpus_sum(self, snapshot: Store, added: int) -> str:
        """`index.corpus_sum` of the new generation's passages, given the sum over those that were added."""
        if self.before is None:
            return corpus_sum.told(added)
        before = snapshot.at(self.before.change)
        return corpus_sum.changed(self.before.corpus_sum, before, self.removed.tolist(), added)


def make_plan(snapshot: Store, settings: Settings, encoder: Encoder, *, fresh: bool) -> Plan:
    """Compare the store with the current generation."""
    found = None if fresh else _predecessor(settings, encoder)
    if found is None:
        return _anew(snapshot)
    base, before = found
    added, gone = snapshot.changed_rows(before.change)
    passages = before.passages + len(added) - len(gone)
    if len(added) + len(gone) > _FRESH_SHARE * max(1, passages):
        return _anew(snapshot)
    # Rows removed long ago may be forgotten by the store; the delta still names them.
    delta = Delta.of(base)
    known = _none() if delta is None else delta.removed
    lost = np.union1d(known, np.asarray(snapshot.changed_rows(before.base_change)[1], dtype=np.int64))
    came = passages - (before.base_passages - len(lost))
    little = is_little(before.base_passages, came + len(lost))
    return Plan(passages, added, base, before, np.asarray(gone, dtype=np.int64), lost, little)


def _anew(snapshot: Store) -> Plan:
    rows = snapshot.row_numbers()
    return Plan(len(rows), list(rows))


def _predecessor(settings: Settings, encoder: Encoder) -> tuple[Path, Manifest] | None:
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
        and _same_engine(manifest, settings)
    )
    return (folders[0], manifest) if same else None


def _same_engine(manifest: Manifest, settings: Settings) -> bool:
    """Whether the predecessor was written for the engine that the settings name, which can still go on from it."""
    if bool(manifest.milvus) != (settings.engine == "milvus"):
        return False
    if not manifest.milvus:
        return True
    from index.milvus.tidying import can_continue

    return can_continue(manifest, settings)
