"""The loops of `index.evidence`: what stands in which run of clauses, and which run is the best.

Compiled (`corpus.compiled`): arrays are contiguous and of the types that `index.evidence` gives them. Runs are given by
their first and last clause, shape (runs,) each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from index.interfaces import Integers

Places = NDArray[np.int64]
Letters = NDArray[np.uint32]


@compiled
def _code(letters: Letters, place: int, length: int) -> np.int64:
    code = np.int64(0)
    for letter in letters[place : place + length]:
        code = code << 21 | np.int64(letter)
    return code


@compiled
def gram_codes(letters: Letters, length: int) -> Places:
    """A number for each n-gram, the same for the same ones; they stand end to end, each ``length`` letters long."""
    codes = np.empty(len(letters) // length, dtype=np.int64)
    for gram in range(len(codes)):
        codes[gram] = _code(letters, gram * length, length)
    return codes


@compiled
def gram_places(letters: Letters, grams: Places, length: int) -> Integers:
    """Which of some n-grams begins at each place of a text: its number, or -1; shape (len(letters) - length + 1,).

    Args:
        letters: code points.
        grams: `gram_codes` of the n-grams, ascending.
        length: letters of an n-gram, at most three.
    """
    found = np.full(max(0, len(letters) - length + 1), -1, dtype=np.int32)
    for place in range(len(found)):
        code = _code(letters, place, length)
        low, high = 0, len(grams)
        while low < high:
            middle = (low + high) // 2
            if grams[middle] < code:
                low = middle + 1
            else:
                high = middle
        if low < len(grams) and grams[low] == code:
            found[place] = low
    return found


@compiled
def gram_shares(
    found: Integers, grams: int, length: int, starts: Places, ends: Places
) -> NDArray[np.float64]:
    """The share of the n-grams that stand wholly inside each stretch, shape (stretches,).

    Args:
        found: what `gram_places` gave.
        grams: how many n-grams there are.
        length: letters of an n-gram.
        starts: where each stretch begins.
        ends: where it ends.
    """
    shares = np.zeros(len(starts))
    last = np.full(grams, -1, dtype=np.int64)  # the last stretch that each was seen in
    for stretch in range(len(starts)):
        count = 0
        for place in range(starts[stretch], min(ends[stretch] - length + 1, len(found))):
            gram = found[place]
            if gram >= 0 and last[gram] != stretch:
                last[gram] = stretch
                count += 1
        shares[stretch] = count / max(1, grams)
    return shares


@compiled
def cosines(
    quantised: NDArray[np.int8],
    scale: NDArray[np.float32],
    tokens: Integers,
    bounds: Places,
    query: NDArray[np.float32],
    first: Places,
    last: Places,
) -> NDArray[np.float64]:
    """Cosine of each run's sum of token vectors to the question's vector, shape (runs,).

    Args:
        quantised: the token table, shape (vocabulary, dim).
        scale: what each row of it is to be multiplied by.
        tokens: those of all clauses, end to end.
        bounds: where each clause's begin, and the end of the last.
        query: shape (dim,), of unit length.
        first: each run's first clause, ascending.
        last: its last one, ascending among those of the same first.
    """
    dim, clauses = len(query), len(bounds) - 1
    pieces = np.zeros((clauses, dim), dtype=np.float32)
    for clause in range(clauses):
        piece = pieces[clause]
        for at in range(bounds[clause], bounds[clause + 1]):
            row, factor = quantised[tokens[at]], scale[tokens[at]]
            for i in range(dim):
                piece[i] += row[i] * factor
    out = np.zeros(len(first))
    total = np.zeros(dim, dtype=np.float32)
    begun, reached = -1, -1
    for run in range(len(first)):
        if first[run] != begun:
            total[:] = 0
            begun, reached = first[run], first[run] - 1
        while reached < last[run]:
            reached += 1
            piece = pieces[reached]
            for i in range(dim):
                total[i] += piece[i]
        toward, square = np.float32(0.0), np.float32(0.0)
        for i in range(dim):
            toward += total[i] * query[i]
            square += total[i] * total[i]
        if square > 0:
            out[run] = min(1.0, max(-1.0, toward / np.sqrt(square)))
    return out


@compiled
def held(needles: Places, places: Places, lengths: Places, starts: Places, ends: Places) -> NDArray[np.bool_]:
    """Which needle stands wholly inside which stretch, shape (len(lengths), stretches).

    Args:
        needles: which needle was found, by number.
        places: where.
        lengths: of each needle.
        starts: where each stretch begins.
        ends: where it ends.
    """
    inside = np.zeros((len(lengths), len(starts)), dtype=np.bool_)
    for at in range(len(needles)):
        needle, start = needles[at], places[at]
        end = start + lengths[needle]
        for stretch in range(len(starts)):
            if starts[stretch] <= start and end <= ends[stretch]:
                inside[needle, stretch] = True
    return inside


@compiled
def weighed_shares(
    weights: NDArray[np.float64], total: float, found: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The weighed share of the question's words, at most 1, for flags of shape (words, stretches)."""
    words, stretches = found.shape
    shares = np.zeros(stretches)
    if total > 0:
        for word in range(words):
            for stretch in range(stretches):
                if found[word, stretch]:
                    shares[stretch] += weights[word]
        for stretch in range(stretches):
            shares[stretch] = min(1.0, shares[stretch] / total)
    return shares
