"""The loops of `index.features`: each passes once over the tokens of all candidates.

Compiled (`corpus.compiled`): arrays are contiguous and of the types that `index.features` gives them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from index.interfaces import Integers, Vectors

#: Columns that `match` fills, in order; `index.features.NAMES` has the same ones.
MATCHES = (
    "bm25_body", "bm25_context",
    "covered_body", "covered_context", "covered",
    "soft_body", "soft_context", "soft", "soft_worst",
    "pairs", "window", "soft_window", "digits", "digits_missing",
    "aligned", "aligned_peak", "kind_there", "kind_window",
)  # fmt: skip


@compiled
def kinds(tokens: Integers, asked: Integers, vocabulary: int) -> tuple[Integers, Integers, Integers]:
    """The different tokens, each token's place among them, and which asked token each of them is.

    Args:
        tokens: a missing one is -1: it is not listed, and its place is after the last.
        asked: different tokens.
        vocabulary: how many tokens there are.

    Returns:
        The kinds, in the order in which they appear, shape (n,); places, shape (len(tokens),); numbers of asked
        tokens, -1 for none, shape (n + 1,).
    """
    place = np.full(vocabulary, -1, dtype=np.int32)
    found = np.empty(len(tokens), dtype=np.int32)
    inverse = np.empty(len(tokens), dtype=np.int32)
    count = 0
    for at in range(len(tokens)):
        token = tokens[at]
        if token >= 0:
            if place[token] < 0:
                place[token] = count
                found[count] = token
                count += 1
            inverse[at] = place[token]
        else:
            inverse[at] = -1
    number = np.full(count + 1, -1, dtype=np.int32)
    for which in range(len(asked)):
        if place[asked[which]] >= 0:
            number[place[asked[which]]] = which
    for at in range(len(tokens)):
        if inverse[at] < 0:
            inverse[at] = count
    return found[:count].copy(), inverse, number


@compiled
def similarities(
    leading: NDArray[np.int8],
    scale: NDArray[np.float32],
    norms: NDArray[np.float32],
    found: Integers,
    number: Integers,
    wanted: Vectors,
) -> tuple[Vectors, NDArray[np.float32]]:
    """How near some tokens are to a question's, and how far they point towards the question.

    Args:
        leading: whole numbers of every token, shape (vocabulary, some).
        scale: what makes each row of them part of a unit vector.
        norms: the length of each token's vector.
        found: the tokens, shape (n,).
        number: which of the question's each is, or -1.
        wanted: directions of the question's m tokens, last that of the question, shape (m + 1, some).

    Returns:
        Cosines, never negative and 1 for the same token, shape (n + 1, m), and projections, shape (n + 1,); the last
        ones, a missing token's, are 0.
    """
    size, asked = leading.shape[1], len(wanted) - 1
    similar = np.zeros((len(found) + 1, asked), dtype=np.float32)
    toward = np.zeros(len(found) + 1, dtype=np.float32)
    row = np.empty(size, dtype=np.float32)
    for place in range(len(found)):
        token = found[place]
        for i in range(size):
            row[i] = leading[token, i]
        for j in range(asked + 1):
            total = np.float32(0.0)
            for i in range(size):
                total += row[i] * wanted[j, i]
            total *= scale[token]
            if j == asked:
                toward[place] = total * norms[token]
            else:
                similar[place, j] = max(total, np.float32(0.0))
        if number[place] >= 0:
            similar[place, number[place]] = max(similar[place, number[place]], np.float32(1.0))
    return similar, toward


@compiled
def _covered(weights: NDArray[np.float32], held: Vectors, one: int, other: int) -> np.floating:
    """The weight of what two rows hold together."""
    total = np.float32(0.0)
    for q in range(len(weights)):
        total += weights[q] * max(held[one, q], held[other, q])
    return total


@compiled
def _summed(
    out: Vectors,
    covered: Vectors,
    softly: Vectors,
    passage: int,
    shares: NDArray[np.float32],
    digits: NDArray[np.bool_],
    exact: Vectors,
    soft: Vectors,
) -> None:
    """What follows from how often, and how nearly, each question token stands in a passage's context and text."""
    numbers, found, worst = 0, 0, np.float32(np.inf)
    for q in range(len(shares)):
        softly[passage, q] = max(soft[0, q], soft[1, q])
        worst = min(worst, softly[passage, q])
        numbers += digits[q]
        if exact[0, q] > 0:
            out[passage, 1] += shares[q]
            out[passage, 3] += np.sqrt(shares[q])
        if exact[1, q] > 0:
            out[passage, 2] += shares[q]
        if exact[0, q] + exact[1, q] > 0:
            covered[passage, q] = 1
            out[passage, 4] += shares[q]
            found += digits[q]
        out[passage, 5] += shares[q] * soft[1, q]
        out[passage, 6] += shares[q] * soft[0, q]
        out[passage, 7] += shares[q] * softly[passage, q]
    if len(shares):
        out[passage, 8] = worst
    if numbers:
        out[passage, 12] = found / numbers
        out[passage, 13] = 1 - out[passage, 12]


@compiled
def match(  # noqa: C901 - one pass over the tokens is the point
    inverse: Integers,
    starts: NDArray[np.int64],
    body: NDArray[np.bool_],
    similar: Vectors,
    toward: NDArray[np.float32],
    number: Integers,
    answering: NDArray[np.bool_],
    weights: NDArray[np.float32],
    digits: NDArray[np.bool_],
    room: NDArray[np.float32],
    half: int,
) -> tuple[Vectors, Vectors, Vectors]:
    """What each passage's tokens match of a question.

    Args:
        inverse: the kind of each token of all passages, end to end.
        starts: where each passage begins, and the end of the last, shape (passages + 1,).
        body: which tokens are not of a context.
        similar: each kind's similarity to each question token, never negative, shape (kinds, question tokens).
        toward: each kind's projection on the question's vector, shape (kinds,).
        number: which question token each kind is, or -1.
        answering: which kinds can answer the question.
        weights: of the question's tokens.
        digits: which of them are numbers.
        room: BM25's k1, b and the mean length.
        half: tokens of a half-window.

    Returns:
        `MATCHES`, one row a passage; which question tokens each passage holds, 1 or 0; how similar its most
        similar token is to each of them. The last two have shape (passages, question tokens).
    """
    passages, asked = len(starts) - 1, len(weights)
    out = np.zeros((passages, 18), dtype=np.float32)
    covered = np.zeros((passages, asked), dtype=np.float32)
    softly = np.zeros((passages, asked), dtype=np.float32)
    k1, b, mean = room[0], room[1], room[2]
    total = weights.sum()
    shares = weights / total if asked else weights
    paired = np.float32(0.0)
    for q in range(asked - 1):
        paired += weights[q] + weights[q + 1]
    # Of context and text: how often each question token stands there, and the most similar token.
    exact, soft = np.zeros((2, asked), dtype=np.float32), np.zeros((2, asked), dtype=np.float32)
    pair = np.zeros(asked, dtype=np.bool_)
    # The half-window being read and the one before it: exact matches and soft ones.
    block, soft_block = np.zeros((2, asked), dtype=np.float32), np.zeros((2, asked), dtype=np.float32)
    for passage in range(passages):
        start, end = starts[passage], starts[passage + 1]
        exact[:], soft[:], pair[:], block[:], soft_block[:] = 0, 0, False, 0, 0
        length, held, previous, now = 0, 0, -1, 0
        there, there_before, first = False, False, True
        window, soft_window, kind_window = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        aligned, peak = np.float32(0.0), np.float32(0.0)
        for at in range(start, end):
            kind, side = inverse[at], int(body[at])
            for q in range(asked):
                near = similar[kind, q]
                if near > soft_block[now, q]:
                    soft_block[now, q] = near
                if near > soft[side, q]:
                    soft[side, q] = near
            which = number[kind]
            if which >= 0:
                exact[side, which] += 1
                block[now, which] = 1
                if previous >= 0 and which == previous + 1:
                    pair[previous] = True
            previous = which
            length += side
            if side and answering[kind]:
                held += 1
                there = True
            aligned += toward[kind]
            peak += max(toward[kind], np.float32(0.0))
            if (at - start) % half == half - 1 or at == end - 1:
                alone, soft_alone = _covered(shares, block, now, now), _covered(shares, soft_block, now, now)
                window, soft_window = max(window, alone), max(soft_window, soft_alone)
                if there:
                    kind_window = max(kind_window, soft_alone)
                if not first:
                    both = _covered(shares, soft_block, 0, 1)
                    window = max(window, _covered(shares, block, 0, 1))
                    soft_window = max(soft_window, both)
                    if there or there_before:
                        kind_window = max(kind_window, both)
                now = 1 - now
                for q in range(asked):
                    block[now, q], soft_block[now, q] = 0, 0
                there_before, there, first = there, False, False
        space = k1 * (1 - b + b * length / mean)
        _summed(out, covered, softly, passage, shares, digits, exact, soft)
        for q in range(asked):
            out[passage, 0] += shares[q] * exact[1, q] * (k1 + 1) / (exact[1, q] + space)
            if pair[q]:
                out[passage, 9] += (weights[q] + weights[q + 1]) / paired
        if asked:
            out[passage, 10], out[passage, 11] = window, soft_window
            out[passage, 16], out[passage, 17] = np.log1p(np.float32(held)), kind_window
        out[passage, 14] = aligned / (end - start)
        out[passage, 15] = peak / np.sqrt(np.float32(end - start))
    return out, covered, softly


@compiled
def together(
    matched: Vectors, documents: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much weight each document's passages match together, shape (passages,).

    Args:
        matched: how much of each question token each passage matches, shape (passages, question tokens).
        documents: each passage's document.
        weights: of the question tokens.
    """
    passages, asked = matched.shape
    out = np.zeros(passages, dtype=np.float32)
    done = np.zeros(passages, dtype=np.bool_)
    best = np.zeros((1, asked), dtype=np.float32)
    for passage in range(passages):
        if done[passage]:
            continue
        best[:] = 0
        for other in range(passage, passages):
            if documents[other] == documents[passage]:
                for q in range(asked):
                    best[0, q] = max(best[0, q], matched[other, q])
        sum_of = _covered(weights, best, 0, 0)
        for other in range(passage, passages):
            if documents[other] == documents[passage]:
                out[other] = sum_of
                done[other] = True
    return out
