"""Makes the language model of ``corpus.continuity`` from plain Thai texts.

The shipped file was made from government news (public domain)::

    from corpus.continuity_training import learn
    learn(texts, Path("corpus/continuity.npz"))   # texts: about 100 MB, a string per document

Two passes over the texts, about a minute each per 50 MB on one core.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.continuity import BREAK, LATIN, NUMBER, STEP, UNKNOWN, Cutter

_THAI_WORD = re.compile("[\u0e01-\u0e4e]{2,}")
_DISCOUNT = 0.75
_LONGEST_PART_LIST = 24


def learn(
    texts: Callable[[], Iterable[str]], path: Path, *, rarest_word: int = 30, rarest_pair: int = 10
) -> None:
    """Count, estimate and write the model.

    Args:
        texts: gives the documents anew at every call; paragraphs are parted by line breaks.
        path: the ``.npz`` file to write.
        rarest_word: words seen less often are left out.
        rarest_pair: pairs seen less often are left to the discounted rest.
    """
    words = short_words(_word_counts(texts()), rarest_word)
    single, near, far = _pair_counts(texts(), Cutter(words))
    _write(path, words, single, _frequent(near, rarest_pair), _frequent(far, rarest_pair))


def short_words(counts: Mapping[str, int], rarest: int) -> list[str]:
    """Words that are not made of shorter, frequent words; sorted."""
    usual = {word: count for word, count in counts.items() if count >= rarest}
    total = sum(counts.values())
    return sorted(
        word for word, count in usual.items() if len(word) < 6 or not _is_compound(word, usual, total)
    )


def _is_compound(word: str, usual: Mapping[str, int], total: int) -> bool:
    """Whether two or more usual words of three characters or more make up the word."""
    length = min(len(word), _LONGEST_PART_LIST)
    reached = [True] + [False] * length
    for end in range(3, length + 1):
        reached[end] = any(
            reached[start] and word[start:end] in usual and (start, end) != (0, length)
            for start in range(end - 2)
        )
    return reached[length] and total > 0


def _word_counts(texts: Iterable[str]) -> Counter[str]:
    from pythainlp.corpus import provinces, thai_words

    known = {*map(str, thai_words()), *map(str, provinces())}
    dictionary = sorted(word for word in known if _THAI_WORD.fullmatch(word))
    cutter = Cutter(dictionary)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(cutter.cut(text))
    for sign in [sign for sign in counts if sign not in cutter.known]:
        del counts[sign]
    return counts


def _pair_counts(
    texts: Iterable[str], cutter: Cutter
) -> tuple[Counter[str], Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    single: Counter[str] = Counter()
    near: Counter[tuple[str, str]] = Counter()
    far: Counter[tuple[str, str]] = Counter()
    for text in texts:
        row = list(_row(text, cutter))
        single.update(row)
        near.update(pairwise(row))
        far.update(zip(row, row[2:], strict=False))
    return single, near, far


def _row(text: str, cutter: Cutter) -> Iterator[str]:
    yield BREAK
    for paragraph in text.split("\n"):
        if paragraph.strip():
            yield from cutter.cut(paragraph)
            yield BREAK


def _frequent(counts: Counter[tuple[str, str]], rarest: int) -> dict[tuple[str, str], int]:
    return {pair: count for pair, count in counts.items() if count >= rarest and UNKNOWN not in pair}


def _write(
    path: Path,
    words: list[str],
    single: Counter[str],
    near: dict[tuple[str, str], int],
    far: dict[tuple[str, str], int],
) -> None:
    signs = sorted(
        sign for sign, count in single.items() if len(sign) == 1 and sign != BREAK and count >= 100
    )
    names = [BREAK, NUMBER, LATIN, *[sign for sign in signs if sign not in words and sign != "\t"], *words]
    total = sum(single.values())
    rest = _rest(single, near)
    near_scores = {
        (a, b): math.log(
            ((count - _DISCOUNT) / single[a] + math.exp(rest[a]) * single[b] / total) / (single[b] / total)
        )
        for (a, b), count in near.items()
    }
    far_scores = {
        (a, b): math.log((count + 0.5) / (single[a] * single[b] / total + 0.5))
        for (a, b), count in far.items()
    }
    ids = {name: at for at, name in enumerate(names)}
    near_keys, near_values = _table(near_scores, ids)
    far_keys, far_values = _table(far_scores, ids)
    np.savez_compressed(
        path,
        words=np.frombuffer("\t".join(names).encode("utf-8"), dtype=np.uint8),
        log=np.array([math.log(max(single[name], 1) / total) for name in names], dtype=np.float16),
        unseen=np.array([rest.get(name, 0.0) for name in names], dtype=np.float16),
        near_keys=near_keys,
        near=near_values,
        far_keys=far_keys,
        far=far_values,
    )


def _rest(single: Counter[str], near: dict[tuple[str, str], int]) -> dict[str, float]:
    """Log of the share of each word's successors that no kept pair covers."""
    kept: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for (before, _), count in near.items():
        kept[before] += count
        kinds[before] += 1
    return {
        word: math.log(max((count - kept[word] + _DISCOUNT * kinds[word]) / count, 1e-3))
        for word, count in single.items()
    }


def _table(
    scores: dict[tuple[str, str], float], ids: dict[str, int]
) -> tuple[NDArray[np.uint32], NDArray[np.int8]]:
    rows = sorted(
        (ids[a] * len(ids) + ids[b], max(-127, min(127, round(score * STEP))))
        for (a, b), score in scores.items()
        if a in ids and b in ids
    )
    keys = np.array([key for key, _ in rows], dtype=np.uint32)
    return np.diff(keys, prepend=np.uint32(0)), np.array([value for _, value in rows], dtype=np.int8)
