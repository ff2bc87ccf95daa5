"""``karani train encoder``: from the training texts to a model folder, or from a corpus to an adapted one.

Stages: count words, settle the vocabulary, tokenize every text once, train, mine hard negatives, train on, export. Everything random
hangs on one seed, so the same data gives the same batches; sums of floating-point numbers may differ in the
last digits between machines.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from corpus.cleaning import clean
from corpus.readers import ReadError, find_files, read
from index.encoders import BUILTIN_FOLDER, StaticEncoder
from index.encoders.static import TOKENIZER
from index.training.data import DataError
from index.training.examples import Documents, Encode, Kind, Texts
from index.training.export import export, turned
from index.training.mining import mine
from index.training.table import Table
from index.training.tokenizer import build
from index.training.words import count, parts, settle

_FEWEST_DOCUMENTS = 8
_RARE = 1e-3
_EASY = 0.7
"""The share of the steps before hard negatives are mined."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how large; the defaults gave the shipped encoder.

    Attributes:
        dim: length of a vector; rows times ``dim`` bytes is the size of the weights.
        steps: batches; 5,000 take about half an hour on two cores, after 6 minutes of reading and counting.
        batch: questions a batch, all of whose passages are each other's negatives.
        rate: largest learning rate, reached after a twentieth of the steps, then falling to 0 in a line.
        seed: of everything random.
    """

    dim: int = 768
    steps: int = 5000
    batch: int = 2048
    rate: float = 0.15
    seed: int = 0


ADAPTING = Options(steps=200, batch=512, rate=0.01)
"""Options for a user's own texts: a small rate, so that what the encoder knows is kept."""


def train(data: Path, out: Path, *, corpus: Path | None = None, options: Options | None = None) -> str:
    """Train the built-in encoder, or adapt it, and write the model folder.

    Args:
        data: folder of the training data (see `index.training.data`); unused when adapting.
        out: folder to write; what `KARANI_ENCODER` can name afterwards.
        corpus: files or a folder of one's own texts: the shipped encoder is adapted to them without labels.
        options: by default what the shipped encoder was trained with, or `ADAPTING` with ``corpus``.

    Returns:
        A short report for people: sizes, losses, time, checksums.

    Raises:
        DataError: a training file is missing, or the corpus holds too few texts.
        EncoderError: the shipped encoder, from which adapting starts, is damaged.
    """
    begun = time.monotonic()
    if corpus is not None:
        return adapt(corpus, out, options or ADAPTING)
    options = options or Options()
    _say("counting words")
    vocabulary = settle(count(data))
    tokenizer = build(vocabulary)
    mapping = np.asarray(vocabulary.mapping, dtype=np.int32)
    _say(
        f"vocabulary: {len(vocabulary.rows):,} rows, {len(vocabulary.aliases):,} further spellings; reading texts"
    )
    texts = Texts.read(data, Encode(tokenizer, mapping, random.Random(options.seed)))  # noqa: S311
    table = Table(_initial(texts.kinds(), len(vocabulary.rows), options), parts(vocabulary))
    easy = int(options.steps * _EASY)
    losses = _run(table, texts.kinds(), options, range(easy))
    rng = np.random.default_rng(options.seed)
    _say("looking for hard negatives")
    texts = replace(
        texts,
        natural=texts.natural.harder(mine(table, texts.natural, texts.news, rng), texts.news),
        english=texts.english.harder(mine(table, texts.english, texts.news, rng), texts.news),
    )
    losses = _run(table, texts.kinds(), options, range(easy, options.steps))
    listing = export(out, tokenizer, mapping.tolist(), turned(table.vectors()))
    return _report(losses, time.monotonic() - begun, listing)


def adapt(corpus: Path, out: Path, options: Options = ADAPTING) -> str:
    """Adapt the shipped encoder to a corpus: titles and stretches of its texts ask for their passages.

    Raises:
        DataError: fewer than eight documents could be read: nothing to contrast them with.
    """
    begun = time.monotonic()
    shipped = StaticEncoder(BUILTIN_FOLDER)
    tokenizer = Tokenizer.from_file(str(BUILTIN_FOLDER / TOKENIZER))
    texts = list(_texts(corpus))
    if len(texts) < _FEWEST_DOCUMENTS:
        raise DataError(
            f"อ่านเอกสารจาก {corpus} ได้ {len(texts)} ฉบับ ต้องมีอย่างน้อย {_FEWEST_DOCUMENTS} / "
            f"{corpus} gives {len(texts)} documents; adapting needs at least {_FEWEST_DOCUMENTS}"
        )
    rng = random.Random(options.seed)  # noqa: S311
    documents = Documents.of(texts, Encode(tokenizer, shipped.token_rows, rng))
    kinds: list[Kind] = [
        ("title", 1.0, documents.title_batch), ("cloze", 2.0, documents.cloze_batch)
    ]  # fmt: skip
    table = Table(shipped.vectors[np.arange(len(shipped.vectors))], [[]] * len(shipped.vectors))
    losses = _run(table, kinds, options, range(options.steps))
    listing = export(out, tokenizer, shipped.token_rows.tolist(), table.vectors())
    return _report(losses, time.monotonic() - begun, listing)


def _run(table: Table, kinds: Sequence[Kind], options: Options, steps: range) -> dict[str, list[float]]:
    """Train some of the steps; each step's batch depends on the seed and its number alone."""
    rng = np.random.default_rng([options.seed, steps.start])
    shares = np.asarray([share for _, share, _ in kinds])
    order = rng.choice(len(kinds), len(steps), p=shares / shares.sum())
    losses: dict[str, list[float]] = {name: [] for name, _, _ in kinds}
    for step, kind in zip(tqdm(steps, desc="train", unit="batch", file=sys.stderr), order, strict=True):
        name, _, make = kinds[kind]
        warm = min(1.0, (step + 1) / max(1.0, 0.05 * options.steps))
        rate = options.rate * warm * (1 - step / options.steps)
        losses[name].append(table.step(make(options.batch, rng), rate))
    return losses


def _initial(kinds: Sequence[Kind], rows: int, options: Options) -> NDArray[np.float32]:
    """Random vectors, shorter for frequent tokens: a / (a + p) as in SIF (Arora et al. 2017), softened."""
    rng = np.random.default_rng(options.seed + 1)
    seen = np.zeros(rows)
    for _, _, make in kinds:
        batch = make(options.batch, rng)
        for bags in (batch.queries, batch.passages):
            seen += np.bincount(bags.ids, minlength=rows)
    weight = np.sqrt(_RARE / (_RARE + seen / seen.sum()))
    vectors: NDArray[np.float32] = rng.standard_normal((rows, options.dim), dtype=np.float32)
    vectors *= weight.astype(np.float32)[:, None]
    return vectors


def _texts(corpus: Path) -> Iterator[tuple[str, str]]:
    """(title, cleaned text) of every readable document; a file that cannot be read is named and skipped."""
    for path in find_files([corpus]):
        for found in read(path, root=corpus if corpus.is_dir() else None):
            if isinstance(found, ReadError):
                _say(str(found))
                continue
            text = "\n".join(clean(page.text).text for page in found.pages)
            yield found.title or path.stem, text


def _report(losses: dict[str, list[float]], seconds: float, listing: str) -> str:
    ends = ", ".join(f"{name} {np.mean(values[-50:]):.3f}" for name, values in losses.items() if values)
    return f"trained in {seconds:.0f} s; loss at the end: {ends}\n{listing}"


def _say(message: str) -> None:
    tqdm.write(message, file=sys.stderr)
