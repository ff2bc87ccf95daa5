"""Fitting what comes after the encoder: fusion weights, the reranker, the calibration.

All are fitted on natural questions that no encoder saw in training (the eighth
that `index.training.data.is_held_out` keeps away), asked of a corpus of their
own; a fitting on the encoder's own questions trusts it too much (R@1 .949 → .902).
The loss is listwise over documents: the probability that the softmax over all
candidate passages gives to those of the right document (ListNet, Cao et al. 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.engine import Engine
from index.features import NAMES, Features
from index.forward import document_number
from index.fusion import Weights, normalise
from index.rerank import DEPTH, Network, Reranker

_HIDDEN = 12
_NETWORKS = 8
_STEPS = 400
_BATCH = 64
_DROPPED = 0.1
_LOST, _HELPFUL = 0.005, 2.0
"""Share of the right passages left aside, and how much less a passage scores that helps without answering: both
chosen on thaigov-local dev, where 98% of the passages that answer and 99% of those that help score enough."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question's candidates: features (n, len(NAMES)), documents (n,), relevance (n,)."""

    query_id: str
    features: Features
    documents: NDArray[np.int64]
    relevance: Features


def examples(
    engine: Engine, questions: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]]
) -> list[Example]:
    """Candidates of each question as the engine finds them, with the judges' grades.

    Questions whose relevant documents are not among the candidates teach nothing and are left out.
    """
    opened = engine.opened
    found = []
    for query_id, text in questions.items():
        asked = engine.understand(text)
        head = engine.fused(asked)[:DEPTH]
        if len(head) < 2:
            continue
        grades = {document_number(name): grade for name, grade in qrels.get(query_id, {}).items()}
        fetched = opened.index.fetch([row for row, _, _ in head])
        documents = fetched.documents
        relevance = np.asarray([grades.get(number, 0) for number in documents.tolist()], dtype=np.float32)
        if relevance.max() > 0:
            found.append(
                Example(
                    query_id, engine.candidate_features(opened, asked, head, fetched), documents, relevance
                )
            )
    return found


def fit_weights(
    engine: Engine, questions: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]]
) -> Weights:
    """The inputs' shares, in tenths, that rank the right documents best (mean reciprocal rank)."""
    opened = engine.opened
    names = ("dense", "words", "characters")
    table = []
    for query_id, text in questions.items():
        rankings = engine.rankings(engine.understand(text))
        parts = {name: normalise(name, ranking) for name, ranking in rankings.items()}
        rows = sorted({row for part in parts.values() for row in part})
        right = {document_number(name) for name in qrels.get(query_id, {})}
        mask = np.asarray([number in right for number in opened.index.documents_of(rows).tolist()])
        if mask.any():
            table.append((np.asarray([[parts[n].get(row, 0.0) for n in names] for row in rows]), mask))
    tenths = [(a, b, 10 - a - b) for a in range(1, 9) for b in range(1, 10 - a)]
    best = max(tenths, key=lambda shares: _reciprocal_rank(table, np.asarray(shares, dtype=np.float64)))
    return Weights(*(share / 10 for share in best))


def _reciprocal_rank(table: Sequence[tuple[Any, Any]], shares: NDArray[np.float64]) -> float:
    total = 0.0
    for parts, right in table:
        scores = parts @ shares
        total += 1.0 / (1 + int((scores[~right] > scores[right].max()).sum()))
    return total / max(1, len(table))


def fit(data: Sequence[Example], seed: int = 0, networks: int = _NETWORKS, decay: float = 0.03) -> Reranker:
    """Train the networks, each from its own start and on its own order of questions.

    Args:
        data: questions whose right document is among the candidates.
        seed: makes the result repeatable.
        networks: how many are averaged.
        decay: AdamW's weight decay.
    """
    import torch

    everything = np.concatenate([example.features for example in data])
    mean, deviation = everything.mean(axis=0), everything.std(axis=0) + 1e-3
    depth = max(len(example.documents) for example in data)
    inputs = np.zeros((len(data), depth, len(NAMES)), dtype=np.float32)
    there = np.zeros((len(data), depth), dtype=np.bool_)
    right = np.zeros((len(data), depth), dtype=np.bool_)
    for row, example in enumerate(data):
        count = len(example.documents)
        inputs[row, :count] = np.clip((example.features - mean) / deviation, -6, 6)
        there[row, :count] = True
        right[row, :count] = example.relevance >= example.relevance.max()
    x, mask, wanted = (torch.from_numpy(array) for array in (inputs, there, right))
    fitted = tuple(_fit_one(x, mask, wanted, seed * 100 + number, decay) for number in range(networks))
    reranker = Reranker(mean.astype(np.float32), deviation.astype(np.float32), fitted)
    return replace(reranker, related=related(reranker, data))


def related(reranker: Reranker, data: Sequence[Example]) -> float:
    """From which score on a passage has to do with a question: somewhat less than the right passages have."""
    best = [float(reranker(one.features)[one.relevance > 0].max()) for one in data]
    return float(np.quantile(best, _LOST)) - _HELPFUL


def _fit_one(inputs: Any, there: Any, right: Any, seed: int, decay: float) -> Network:
    import torch

    generator = torch.Generator().manual_seed(seed)
    width = len(NAMES)
    hidden = (torch.randn(width, _HIDDEN, generator=generator) * 0.2).requires_grad_()
    bias = torch.zeros(_HIDDEN, requires_grad=True)
    out = (torch.randn(_HIDDEN, generator=generator) * 0.1).requires_grad_()
    direct = torch.zeros(width, requires_grad=True)
    with torch.no_grad():
        direct[NAMES.index("fused")] = 1.0
    optimiser = torch.optim.AdamW([hidden, bias, out, direct], lr=0.01, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        chosen = torch.randint(len(inputs), (_BATCH,), generator=generator)
        keep = (torch.rand(_BATCH, 1, width, generator=generator) > _DROPPED).float()
        x = inputs[chosen] * keep  # features fail now and then: none may carry everything
        scores = torch.tanh(x @ hidden + bias) @ out + x @ direct
        likelihood = torch.log_softmax(scores.masked_fill(~there[chosen], -1e9), dim=1)
        loss = -likelihood.masked_fill(~right[chosen], -1e9).logsumexp(dim=1).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    return Network(*(tensor.detach().numpy().astype(np.float32) for tensor in (hidden, bias, out, direct)))
