"""The trainable table of row vectors: contrastive loss, and an optimiser that touches only what was used.

A compound shares what its parts know: the vector of โรงพยาบาล is its own plus those of โรง and พยาบาล
while training, as in fastText (Bojanowski et al. 2017) but with words for character n-grams. At export the
sums are written out, so that nothing of it remains at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.training.bags import Bags

_ROWS_AT_ONCE = 256
_BAGS_AT_ONCE = 20_000
_DECAY = 0.98
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Batch:
    """``queries[i]`` belongs to ``passages[i]``; further passages are negatives only.

    ``scale`` is the inverse temperature of the softmax; ``symmetric`` trains both directions.
    """

    queries: Bags
    passages: Bags
    scale: float
    symmetric: bool = False


class Table:
    """Row vectors under training: InfoNCE with in-batch negatives (van den Oord et al. 2018)."""

    def __init__(self, initial: NDArray[np.float32], parts: Sequence[Sequence[int]]) -> None:
        """``initial``: shape (rows, dim); ``parts[row]``: the rows a compound is made of, or nothing."""
        import torch

        self._torch: Any = torch
        self._own = torch.from_numpy(initial.copy())
        self._squares = torch.zeros(len(initial), 1)
        self._steps = torch.zeros(len(initial), 1)
        lengths = np.asarray([len(p) for p in parts], dtype=np.int64)
        flat = np.asarray([row for p in parts for row in p], dtype=np.int32)
        self._parts = Bags.joined(flat, lengths)
        self._place = np.zeros(len(initial), dtype=np.int64)

    def vectors(self) -> NDArray[np.float32]:
        """Every row with its parts added, shape (rows, dim)."""
        rows = np.arange(len(self._own))
        self._place[:] = rows
        summed: NDArray[np.float32] = self._with_parts(self._own, rows).numpy()
        return summed

    def step(self, batch: Batch, rate: float) -> float:
        """One update of the rows that the batch holds; returns the loss.

        The optimiser is RMSProp with one second moment a row: a third of Adam's time and memory, and
        no worse on the validation questions.
        """
        torch = self._torch
        bags = batch.queries + batch.passages
        used = np.unique(bags.ids).astype(np.int64)
        touched = self._touch(used)
        values = self._own[touched].requires_grad_(True)
        loss = self._loss(self._with_parts(values, used), bags, len(batch.queries), batch)
        loss.backward()
        with torch.no_grad():
            self._update(touched, values.grad, rate)
        return float(loss.item())

    def _touch(self, used: NDArray[np.int64]) -> Any:
        """Give each used row, then each further part, its place in the step's small table."""
        further = np.setdiff1d(self._parts.take(used).ids, used)
        touched = np.concatenate([used, further]).astype(np.int64)
        self._place[touched] = np.arange(len(touched))
        return self._torch.from_numpy(touched)

    def _with_parts(self, values: Any, rows: NDArray[np.int64]) -> Any:
        torch = self._torch
        parts = self._parts.take(rows)
        compounds = np.flatnonzero(parts.lengths)
        if not compounds.size:
            return values[: len(rows)]
        sums = torch.nn.functional.embedding_bag(
            torch.from_numpy(self._place[parts.ids]),
            values,
            torch.from_numpy(parts.starts[compounds]),
            mode="sum",
        )
        return values[: len(rows)].index_add(0, torch.from_numpy(compounds), sums)

    def _loss(self, values: Any, bags: Bags, queries: int, batch: Batch) -> Any:
        torch = self._torch
        units = self._units(values, bags, self._place)
        scores = batch.scale * (units[:queries] @ units[queries:].T)
        right = torch.arange(queries)
        loss = torch.nn.functional.cross_entropy(scores, right)
        if batch.symmetric:
            loss = (loss + torch.nn.functional.cross_entropy(scores.T, right)) / 2
        return loss

    def _units(self, values: Any, bags: Bags, place: NDArray[np.int64]) -> Any:
        """Unit vectors of bags as `index.encoders.static` pools them; ``place``: row -> line of ``values``."""
        torch = self._torch
        ids, starts, weights = bags.saturated(len(self._own))
        pooled = torch.nn.functional.embedding_bag(
            torch.from_numpy(place[ids]),
            values,
            torch.from_numpy(starts),
            mode="sum",
            per_sample_weights=torch.from_numpy(weights),
        )
        return torch.nn.functional.normalize(pooled, dim=1, eps=1e-6)

    def encode(self, bags: Bags) -> NDArray[np.float32]:
        """Unit vectors of some bags with the table as it stands, shape (len(bags), dim)."""
        torch = self._torch
        rows = np.arange(len(self._own))
        values = torch.from_numpy(self.vectors())
        parts = []
        with torch.no_grad():
            for start in range(0, len(bags), _BAGS_AT_ONCE):
                some = bags.take(np.arange(start, min(start + _BAGS_AT_ONCE, len(bags))))
                parts.append(self._units(values, some, rows).numpy())
        return np.concatenate(parts)

    def _update(self, touched: Any, gradient: Any, rate: float) -> None:
        # In pieces that stay in the processor's cache, on one thread: whole arrays cost
        # page faults and waiting threads that take longer than the arithmetic.
        threads = self._torch.get_num_threads()
        self._torch.set_num_threads(1)
        for start in range(0, len(touched), _ROWS_AT_ONCE):
            rows, slope = touched[start : start + _ROWS_AT_ONCE], gradient[start : start + _ROWS_AT_ONCE]
            self._steps[rows] += 1
            squares = self._squares[rows] * _DECAY + slope.square().mean(1, keepdim=True) * (1 - _DECAY)
            self._squares[rows] = squares
            corrected = squares / (1 - _DECAY ** self._steps[rows])
            self._own.index_add_(0, rows, slope * (-rate / (corrected.sqrt() + _TINY)))
        self._torch.set_num_threads(threads)
