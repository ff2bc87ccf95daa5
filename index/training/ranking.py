"""Fitting what comes after the encoder: fusion weights, the reranker, the calibration.

All are fitted on natural questions that no encoder saw in training (the eighth
that `index.training.data.is_held_out` keeps away), asked of a corpus of their
own; a fitting on the encoder's own questions trusts it too much (R@1 .949 → .902).
The loss is listwise over documents: the probability that the softmax over all
candidate passages gives to those of the right document (ListNet, Cao et al. 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.engine import Engine
from index.features import NAMES, Features
from index.forward import document_number
from index.queries import understand
from index.rerank import DEPTH, Network, Reranker

_HIDDEN = 12
_NETWORKS = 8
_STEPS = 400
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Example:
    """One question's candidates: features (n, len(NAMES)), documents (n,), relevance (n,)."""

    features: Features
    documents: NDArray[np.int64]
    relevance: Features


def examples(engine: Engine, questions: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]]) -> list[Example]:
    """Candidates of each question as the engine finds them, with the judges' grades.

    Questions whose relevant documents are not among the candidates teach nothing and are left out.
    """
    opened = engine.opened
    found = []
    for query_id, text in questions.items():
        asked = understand(text, opened.segmenter.terms)
        head = engine.fused(asked)[:DEPTH]
        if len(head) < 2:
            continue
        grades = {document_number(name): grade for name, grade in qrels.get(query_id, {}).items()}
        documents = np.asarray([opened.forward.document_of(row) for row, _, _ in head], dtype=np.int64)
        relevance = np.asarray([grades.get(number, 0) for number in documents.tolist()], dtype=np.float32)
        if relevance.max() > 0:
            found.append(Example(engine.candidate_features(opened, asked, head), documents, relevance))
    return found


def fit(data: Sequence[Example], seed: int = 0, networks: int = _NETWORKS, decay: float = 3e-3) -> Reranker:
    """Train the networks, each on its own bootstrap order and start."""
    import torch

    everything = np.concatenate([example.features for example in data])
    mean, deviation = everything.mean(axis=0), everything.std(axis=0) + 1e-3
    prepared = [
        (
            torch.from_numpy(np.clip((e.features - mean) / deviation, -6, 6)),
            torch.from_numpy((e.relevance >= max(1.0, e.relevance.max())).astype(np.float32)),
        )
        for e in data
    ]
    fitted = tuple(_fit_one(prepared, seed * 100 + number, decay) for number in range(networks))
    return Reranker(mean.astype(np.float32), deviation.astype(np.float32), fitted)


def _fit_one(prepared: Sequence[tuple[Any, Any]], seed: int, decay: float) -> Network:
    import torch

    generator = torch.Generator().manual_seed(seed)
    width = len(NAMES)
    hidden = (torch.randn(width, _HIDDEN, generator=generator) * 0.2).requires_grad_()
    bias = torch.zeros(_HIDDEN, requires_grad=True)
    out = (torch.randn(_HIDDEN, generator=generator) * 0.1).requires_grad_()
    direct = torch.zeros(width, requires_grad=True)
    with torch.no_grad():
        direct[NAMES.index("fused")] = 1.0
    optimiser = torch.optim.AdamW([hidden, bias, out, direct], lr=0.01, weight_decay=decay * 10)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        chosen = torch.randint(len(prepared), (_BATCH,), generator=generator).tolist()
        loss = torch.zeros(())
        for number in chosen:
            x, right = prepared[number]
            keep = (torch.rand(width, generator=generator) > 0.1).float()  # features fail one at a time
            scores = torch.tanh((x * keep) @ hidden + bias) @ out + (x * keep) @ direct
            loss = loss - torch.log_softmax(scores, 0)[right > 0].logsumexp(0)
        (loss / _BATCH).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    return Network(*(tensor.detach().numpy().astype(np.float32) for tensor in (hidden, bias, out, direct)))
