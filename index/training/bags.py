"""Texts as bags of embedding rows: tokenized once, then cut and joined as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ids = NDArray[np.int32]
Counts = NDArray[np.int64]
_TEXTS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Bags:
    """Row ids of many texts end to end; text ``i`` owns ``ids[starts[i]:starts[i] + lengths[i]]``."""

    ids: Ids
    starts: Counts
    lengths: Counts

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Tokenizer, mapping: Ids) -> Bags:
        """Tokenize texts; ``mapping`` takes token ids to embedding rows."""
        parts: list[Ids] = [np.zeros(0, dtype=np.int32)]
        lengths: list[int] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = list(texts[start : start + _TEXTS_AT_ONCE])
            for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                tokens = np.asarray(encoding.ids, dtype=np.int64)
                parts.append(mapping[tokens])
                lengths.append(len(tokens))
        return cls.joined(np.concatenate(parts), np.asarray(lengths, dtype=np.int64))

    @classmethod
    def joined(cls, ids: Ids, lengths: Counts) -> Bags:
        """Bags that lie end to end in ``ids``."""
        return cls(ids, np.cumsum(lengths) - lengths, lengths)

    def take(self, texts: Counts) -> Bags:
        """The bags of these texts, in this order (a text may come twice), laid end to end."""
        starts, lengths = self.starts[texts], self.lengths[texts]
        within = offsets_within(lengths)
        return Bags.joined(self.ids[np.repeat(starts, lengths) + within], lengths)

    def keep(self, tokens: NDArray[np.bool_]) -> Bags:
        """The same bags with only the marked tokens; needs bags that lie end to end."""
        kept = np.bincount(self.owners[tokens], minlength=len(self))
        return Bags.joined(self.ids[tokens], kept)

    def thinned(self, rate: float, rng: np.random.Generator) -> Bags:
        """Each token dropped with probability ``rate``: a cheap regulariser, and less to compute."""
        return self.keep(rng.random(len(self.ids)) >= rate) if rate > 0 else self

    def saturated(self, rows: int) -> tuple[Counts, Counts, NDArray[np.float32]]:
        """Each bag's different tokens once, as its encoder sees them (bags that lie end to end).

        Args:
            rows: more than the largest row.

        Returns:
            The tokens, where each bag begins among them, and each one's weight: the root of its count.
        """
        kinds, counts = np.unique(self.owners * rows + self.ids, return_counts=True)
        starts = np.searchsorted(kinds // rows, np.arange(len(self)))
        return kinds % rows, starts, np.sqrt(counts, dtype=np.float32)

    @property
    def owners(self) -> Counts:
        """For every token the bag it belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def __add__(self, other: Bags) -> Bags:
        """These bags, then the others (both end to end)."""
        ids = np.concatenate([self.ids, other.ids])
        return Bags.joined(ids, np.concatenate([self.lengths, other.lengths]))


def beside(left: Bags, right: Bags) -> Bags:
    """Row by row the tokens of both: a title and its passage become one bag."""
    both = left + right
    count = len(left)
    order = np.stack([np.arange(count), np.arange(count) + count], axis=1).ravel()
    taken = both.take(order)
    return Bags.joined(taken.ids, taken.lengths.reshape(-1, 2).sum(axis=1))


def offsets_within(lengths: Counts) -> Counts:
    """0, 1, 2 … inside each bag."""
    return np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
