"""`karani train fusion`: fusion weights, the reranker and the calibration, fitted on questions no encoder saw.

The questions are the natural ones, Karani's own among them, that `index.training.data.is_held_out`
keeps from every encoder. They are asked of a corpus made for it: their own documents
among some thousand others, none of which belongs to the shipped test collection.
Unanswerable questions are the same ones with their document taken away, and
Wikipedia questions that news cannot answer.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.store import Store
from index.answers import weigh, word_weight
from index.calibration import FURTHEST, NAMES, Calibration
from index.engine import Engine
from index.evidence import EvidenceFinder
from index.generations import build
from index.listing import Listing
from index.training.data import HELD_OUT_PARTS, is_held_out, written
from index.training.ranking import Example, examples, fit, fit_weights

_OTHER_DOCUMENTS = 8_000
_FOREIGN_QUESTIONS = 2_000
_FOLDS = 2
_CROSS_NETWORKS = 4
_RIDGE = 30.0
#: Numbers that may speak either way, and the one that speaks against. All others are evidence: more of it never
#: makes less sure, else what is common among encyclopedia questions would count against the same in a report.
_EITHER_WAY, _AGAINST = frozenset(("spread", "seen_length")), frozenset(("seen_digits_missing",))
_FALSE_REFUSALS = 0.05
#: People mostly ask a corpus what it can answer; confidence is stated for this share of such questions.
_ANSWERABLE = 0.8


Numbers = tuple[float, ...]
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Questions:
    """The held-out natural questions: text and document by id, and questions of another domain."""

    texts: Mapping[str, str]
    documents: Mapping[str, str]
    foreign: Sequence[str]


def train(datasets: Path, out: Path, *, encoder: str = "builtin", seed: int = 0) -> str:
    """Fit and write ``fusion.json``, ``ranking.json`` and ``calibration.json``; a report.

    Args:
        datasets: holds ``natural/``, ``thaigov/``, ``thaigov-local/`` and ``iapp/``.
        out: folder to write into (the built-in model's, to ship).
        encoder: the encoder whose hits are reranked.
        seed: makes the sample of documents and the fit repeatable.
    """
    questions = read_questions(datasets)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), encoder=encoder, keep_originals=False)
        engine = _engine(settings, datasets, questions, seed)
        qrels = {query: {document: 1} for query, document in questions.documents.items()}
        engine.weights = fit_weights(engine, questions.texts, qrels)
        engine.weights.save(out / "fusion.json")
        data = examples(engine, questions.texts, qrels)
        engine.reranker = fit(data, seed)
        engine.reranker.save(out / "ranking.json")
        calibration, report = _calibrate(engine, questions, data, seed)
        calibration.save(out / "calibration.json")
        engine.close()
    return f"fusion: {engine.weights}\nreranker: {len(data)} of {len(questions.texts)} questions with their document found\n{report}"


def read_questions(datasets: Path) -> Questions:
    """Held-out natural questions, Karani's own among them, and Wikipedia questions as foreign ones."""
    pairs = _lines(datasets / "natural" / "pairs.jsonl")
    asked = [(pair["_id"], pair["query"]) for pair in pairs if is_held_out(pair["_id"])]
    asked += [(pair.pair_id, pair.query) for pair in written(datasets, held_out=True)]
    foreign = [line["text"] for line in _lines(datasets / "iapp" / "train" / "queries.jsonl")]
    random.Random(0).shuffle(foreign)  # noqa: S311 - a repeatable sample, no secret
    numbered = {f"{document}#{number}": (document, text) for number, (document, text) in enumerate(asked)}
    return Questions(
        {key: text for key, (_, text) in numbered.items()},
        {key: document for key, (document, _) in numbered.items()},
        foreign[:_FOREIGN_QUESTIONS],
    )


def _engine(settings: Settings, datasets: Path, questions: Questions, seed: int) -> Engine:
    path = settings.data / "documents.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for document in _documents(datasets, set(questions.documents.values()), seed):
            stream.write(json.dumps(document, ensure_ascii=False) + "\n")
    with Store.of(settings) as store, tqdm(unit="passage", leave=False) as bar:
        ingest(store, [path], settings)

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        build(store, settings, show)
    return Engine.open(settings)


def _documents(datasets: Path, wanted: set[str], seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)  # noqa: S311 - a repeatable sample, no secret
    local = {line["_id"] for line in _lines(datasets / "thaigov-local" / "corpus.jsonl.zst")}
    for line in tqdm(_lines(datasets / "thaigov" / "docs.jsonl.zst"), unit="document", leave=False):
        draw = chance.random() < _OTHER_DOCUMENTS / 75_000
        if line["_id"] in wanted or (draw and line["_id"] not in local):
            yield {name: line[name] for name in ("_id", "title", "text")}


def _calibrate(
    engine: Engine, questions: Questions, data: Sequence[Example], seed: int
) -> tuple[Calibration, str]:
    """Each question is judged by a reranker that was fitted without it, as a user's will be."""
    answered: list[Numbers] = []
    unanswerable: list[Numbers] = []
    foreign: list[Numbers] = []
    fitted = engine.reranker
    with tqdm(total=len(questions.texts) + len(questions.foreign), unit="question", leave=False) as bar:
        for fold in range(_FOLDS):
            others = [example for example in data if _fold(example.query_id) != fold]
            engine.reranker = fit(others, seed, networks=_CROSS_NETWORKS)
            for query, text in questions.texts.items():
                if _fold(query) == fold:
                    own = questions.documents[query]
                    found = numbers_of(engine, text)
                    if found is not None and found[0] == own:
                        answered.append(found[1])
                    if (without := numbers_of(engine, text, [own])) is not None:
                        unanswerable.append(without[1])
                    bar.update()
            for text in questions.foreign[fold::_FOLDS]:
                if (found := numbers_of(engine, text)) is not None:
                    foreign.append(found[1])
                bar.update()
    engine.reranker = fitted
    calibration = fit_calibration(answered, unanswerable, foreign)
    sure = np.asarray([calibration(numbers) for numbers in answered])
    declined = {
        name: float(np.mean([calibration(numbers) < calibration.threshold for numbers in rows]))
        for name, rows in (("removed", unanswerable), ("foreign", foreign))
    }
    report = (
        f"calibration: {len(sure)} answered, {len(unanswerable)} removed, {len(foreign)} foreign; "
        f"declined at {_FALSE_REFUSALS:.0%} false refusals: {declined}"
    )
    return calibration, report


def fit_calibration(
    answered: Sequence[Numbers], unanswerable: Sequence[Numbers], foreign: Sequence[Numbers]
) -> Calibration:
    """A calibration whose threshold refuses `_FALSE_REFUSALS` of the answered questions.

    Args:
        answered: `index.calibration.NAMES` of the best evidence where it does answer.
        unanswerable: the same where the answer was taken away.
        foreign: the same of questions from another domain; both kinds of unanswerable count alike.
    """
    x = np.asarray([*answered, *unanswerable, *foreign], dtype=np.float64)
    sizes = (len(answered), len(unanswerable), len(foreign))
    shares = (_ANSWERABLE, (1 - _ANSWERABLE) / 2, (1 - _ANSWERABLE) / 2)
    sample = np.concatenate([np.full(n, share / max(1, n)) for n, share in zip(sizes, shares, strict=True)])
    y = np.concatenate([np.ones(sizes[0]), np.zeros(sizes[1] + sizes[2])])
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    standardised = np.clip((x - mean) / deviation, -FURTHEST, FURTHEST)
    weights, bias = logistic(standardised, y, sample * len(y), [_bounds(name) for name in NAMES])
    fitted = Calibration(tuple(weights.tolist()), tuple(mean.tolist()), tuple(deviation.tolist()), bias)
    sure = [fitted(numbers) for numbers in answered]
    return replace(fitted, threshold=float(np.quantile(sure, _FALSE_REFUSALS)))


def _bounds(name: str) -> Bounds:
    if name in _EITHER_WAY:
        return None, None
    return (None, 0.0) if name in _AGAINST else (0.0, None)


def _fold(query_id: str) -> int:
    return int(hashlib.sha256(query_id.encode()).hexdigest(), 16) // HELD_OUT_PARTS % _FOLDS


def numbers_of(engine: Engine, text: str, without: Collection[str] = ()) -> tuple[str, Numbers] | None:
    """The first hit's document and `index.calibration.NAMES`, some documents left out."""
    found = engine.consider(text, Listing(1), without=without)
    finder = EvidenceFinder(found.asked, word_weight, engine.lexicon)
    for shown in found.groups:
        weighed = weigh(finder, shown.best, found.judged)
        return None if weighed is None else (shown.best.passage.document_id, weighed[1])
    return None


def logistic(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    sample: NDArray[np.float64],
    bounds: Sequence[Bounds],
    ridge: float = _RIDGE,
) -> tuple[NDArray[np.float64], float]:
    """Ridge logistic regression.

    Args:
        x: standardised numbers, shape (n, k).
        y: 1 where the evidence answers, shape (n,).
        sample: how much each row counts, shape (n,).
        bounds: least and largest value of each weight.
        ridge: strength of the penalty on the weights' squares.

    Returns:
        The weights, shape (k,), and the bias.
    """
    from scipy.optimize import minimize

    design = np.column_stack([x, np.ones(len(x))])

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = np.clip(design @ beta, -30, 30)
        value = sample @ (np.log1p(np.exp(z)) - y * z) + ridge / 2 * beta[:-1] @ beta[:-1]
        slope = design.T @ (sample * (1 / (1 + np.exp(-z)) - y))
        slope[:-1] += ridge * beta[:-1]
        return float(value), slope

    free: Bounds = (None, None)
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, bounds=[*bounds, free], method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".zst":
        import io

        import zstandard

        with path.open("rb") as raw:
            reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(raw)
            yield from map(json.loads, io.TextIOWrapper(reader, encoding="utf-8"))
    else:
        with path.open(encoding="utf-8") as stream:
            yield from map(json.loads, stream)
