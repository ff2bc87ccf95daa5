"""What a manifest says of a generation that lies in Milvus: where, and with what it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Served:
    """Names no server: the settings do, so that a generation may be served from a copy.

    Attributes:
        collection: its name.
        means: mean length of a passage's ``words`` and ``characters`` as its weights were made.
        body_tokens: tokens of all passages' texts together, contexts not counted.
        dense: the kind of vector index, for a graph how many candidates a search keeps (``ef``), and the share of the
            exact first ten that it found on a sample (``recall``).
    """

    collection: str
    means: Mapping[str, float]
    body_tokens: int
    dense: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Served:
        """Read a manifest's ``milvus``.

        Raises:
            TypeError: it is another version's.
        """
        return cls(**manifest)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)
