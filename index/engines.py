"""Which engine a new generation is written for: the embedded files or Milvus, as ``KARANI_ENGINE`` says.

Whatever it says, a generation is opened by the engine that it was written for (`index.opening`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from corpus.segment import Segmenter
from corpus.settings import Settings
from corpus.store import Store
from index.embedded_writer import EmbeddedWriter
from index.encoders import load_lexicon
from index.interfaces import Encoder
from index.plan import Plan
from index.preparing import BatchWriter


class GenerationWriter(BatchWriter, Protocol):
    """A `BatchWriter` that fills a generation's folder."""

    @property
    def segmenter(self) -> Segmenter:
        """What passages must be cut with."""

    @property
    def vector_index(self) -> Mapping[str, Any]:
        """The manifest's ``vector_index``, after `finish`."""

    @property
    def milvus(self) -> Mapping[str, Any]:
        """The manifest's ``milvus``, after `finish`."""

    def abandon(self) -> None:
        """Leave nothing behind outside the generation's folder: it will not be published."""


def writer(
    partial: Path, plan: Plan, snapshot: Store, encoder: Encoder, settings: Settings
) -> GenerationWriter:
    """A writer of the engine that the settings name.

    Args:
        partial: the folder of the generation in the making.
        plan: what it starts from.
        snapshot: the store as of its change.
        encoder: makes its vectors.
        settings: name the engine.

    Raises:
        index.interfaces.UnavailableError: the engine does not answer.
        index.manifest.GenerationError: it is not installed, or refuses.
    """
    if settings.engine == "milvus":
        from index.milvus.writing import MilvusWriter

        vocabulary = len(load_lexicon(encoder).vectors)
        return MilvusWriter(partial, plan, snapshot, encoder.dim, vocabulary, settings)
    return EmbeddedWriter(partial, plan, snapshot, settings, encoder)


def tidy(settings: Settings, kept: Sequence[Path], *, forget: bool) -> None:
    """After publishing: what lies outside the data directory follows the generations that are kept, current first.

    Args:
        settings: name the data directory and where Milvus is.
        kept: folders of the generations that stay.
        forget: delete rows, too, that none of them sees.
    """
    if (settings.data / "milvus.id").exists():
        from index.milvus.tidying import follow

        follow(settings, kept, forget=forget)
