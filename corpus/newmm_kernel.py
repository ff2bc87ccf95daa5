"""The loops of newmm, compiled: Thai character clusters, and the fewest dictionary words whose ends are cluster ends.

newmm: Chaovavanich, https://github.com/PyThaiNLP/pythainlp; clusters: Theeramunkong et al. 2000. Every limit and every
rule is that of nlpo3 1.4, so that both cut alike (property-tested), save one rule for a mark behind a space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.compiled import compiled
from corpus.trie import STRANGER, follow

#: A cluster rule looks no further ahead than this.
_PADDING = 16
_MOST_EDGES = 50
"""With more readings open, each place is left by its shortest word alone."""
UNSAFE, TERM, WHITE = 1, 2, 4
"""What a character may be: read as a space, content of a term, white space."""


@compiled
def cut(
    points: NDArray[np.uint32],
    ends: NDArray[np.int64],
    at_once: int,
    kinds: NDArray[np.uint8],
    codes: NDArray[np.uint16],
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the words of some texts end.

    Args:
        points: code points of all texts end to end.
        ends: where each text ends there.
        at_once: a longer text is cut in pieces of so many characters.
        kinds: code point -> `UNSAFE` and others; those beyond it are none of them.
        codes: code point -> code in the dictionary's trie.
        edges: of the trie, as are
        tokens: for each node -1, or anything else where a word ends.

    Returns:
        The ends of all words, counted in ``points``, and how many of them lie in the texts up to each.
    """
    longest = 0
    start = 0
    for end in ends:
        longest = max(longest, min(end - start, at_once))
        start = end
    text = np.zeros(longest + _PADDING, dtype=np.int64)
    letters = np.zeros(longest + _PADDING, dtype=np.uint16)
    work = np.zeros((6, longest + _MOST_EDGES + _PADDING), dtype=np.int32)
    found = np.empty(len(points), dtype=np.int64)
    counts = np.empty(len(ends), dtype=np.int64)
    count = 0
    start = 0
    for number in range(len(ends)):
        while start < ends[number]:
            length = min(ends[number] - start, at_once)
            for at in range(length):
                point = points[start + at]
                if point < len(kinds) and kinds[point] & UNSAFE:
                    point = np.uint32(0x20)
                text[at] = point
                letters[at] = codes[point] if point < len(codes) else STRANGER
            text[length : length + _PADDING] = 0
            count = _words(text, letters, length, edges, tokens, work, found, count, start)
            start += length
        counts[number] = count
    return found[:count].copy(), counts


@compiled
def terms(
    points: NDArray[np.uint32],
    ends: NDArray[np.int64],
    counts: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    behind: int,
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The words that hold content, without white space around them.

    Args:
        points: code points of all texts end to end.
        ends: from `cut`, as are
        counts: one number a text.
        kinds: as for `cut`.
        behind: the code point to put behind each.

    Returns:
        Code points of all texts' terms end to end, and where each text's end there.
    """
    kept = np.empty(2 * len(points), dtype=np.uint32)
    bounds = np.empty(len(counts), dtype=np.int64)
    length = 0
    start = 0
    word = 0
    for number in range(len(counts)):
        while word < counts[number]:
            end = ends[word]
            first, last = start, end
            while first < last and _is(points[first], kinds, WHITE | UNSAFE):
                first += 1
            while last > first and _is(points[last - 1], kinds, WHITE | UNSAFE):
                last -= 1
            content = False
            for at in range(first, last):
                content = content or _is(points[at], kinds, TERM)
            if content:
                for at in range(first, last):
                    kept[length] = np.uint32(0x20) if _is(points[at], kinds, UNSAFE) else points[at]
                    length += 1
                kept[length] = behind
                length += 1
            start = end
            word += 1
        bounds[number] = length
    return kept[:length].copy(), bounds


@compiled
def _is(point: int, kinds: NDArray[np.uint8], wanted: int) -> bool:
    return point < len(kinds) and kinds[point] & wanted != 0


@compiled
def _words(
    text: NDArray[np.int64],
    letters: NDArray[np.uint16],
    length: int,
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
    work: NDArray[np.int32],
    found: NDArray[np.int64],
    count: int,
    base: int,
) -> int:
    """Cut one text: from each open place all words lead on, and once they meet, the fewest are taken."""
    is_end, is_open, first, ways = work[0], work[1], work[2], work[3]
    is_end[: length + 1] = 0
    is_open[: length + 1] = 0
    at = 0
    while at < length:
        at = _cluster_end(text, at)
        is_end[at] = 1
    begin = taken = size = held = 0
    opened = 1
    while begin < length:
        opened -= 1
        first[begin] = held
        held = _ways_on(letters, begin, length, is_end, edges, tokens, ways, held, _MOST_EDGES - size)
        first[begin + 1] = held
        size += held - first[begin]
        for way in range(first[begin], held):
            opened += 1 - is_open[ways[way]]
            is_open[ways[way]] = 1
        if opened == 0:
            end = _unknown_end(text, letters, begin, length, is_end, edges, tokens)
            is_open[end] = 1
            opened = 1
            size += 1
            found[count] = base + end
            count += 1
            taken, held = end, 0
        following = begin + 1
        while not is_open[following]:
            first[following + 1] = held
            following += 1
        if opened == 1 and following > taken:
            count = _fewest(taken, following, first, ways, work[4], work[5], found, count, base)
            taken, held, size = following, 0, 0
        begin = following
    return count


@compiled
def _ways_on(
    letters: NDArray[np.uint16],
    begin: int,
    length: int,
    is_end: NDArray[np.int32],
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
    ways: NDArray[np.int32],
    held: int,
    room: int,
) -> int:
    """Note where the words end that begin here, one more than there is room for; how many ways are noted then."""
    node = 0
    for end in range(begin + 1, length + 1):
        node = follow(edges, node, letters[end - 1])
        if node == 0:
            break
        if tokens[node] >= 0 and is_end[end]:
            ways[held] = end
            held += 1
            room -= 1
            if room < 0:
                break
    return held


@compiled
def _fewest(
    start: int,
    goal: int,
    first: NDArray[np.int32],
    ways: NDArray[np.int32],
    before: NDArray[np.int32],
    queue: NDArray[np.int32],
    found: NDArray[np.int64],
    count: int,
    base: int,
) -> int:
    """Take the fewest words from one place to another; of equally many those whose first is the shortest."""
    before[start : goal + 1] = -1
    queue[0] = start
    head, tail = 0, 1
    while before[goal] < 0:
        at = queue[head]
        head += 1
        for way in range(first[at], first[at + 1]):
            end = ways[way]
            if before[end] < 0:
                before[end] = at
                queue[tail] = end
                tail += 1
    words = 0
    at = goal
    while at > start:
        words += 1
        at = before[at]
    at = goal
    for word in range(words - 1, -1, -1):
        found[count + word] = base + at
        at = before[at]
    return count + words


@compiled
def _unknown_end(
    text: NDArray[np.int64],
    letters: NDArray[np.uint16],
    begin: int,
    length: int,
    is_end: NDArray[np.int32],
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
) -> int:
    """Where what no word begins with ends: a run of one plain kind, else before the next that is known."""
    end = _plain_end(text, begin, length)
    if end > begin:
        return end
    for at in range(begin + 1, length):
        if is_end[at] and (
            _plain_end(text, at, length) > at
            or _begins_word(text, letters, at, length, is_end, edges, tokens)
        ):
            return at
    return length


@compiled
def _begins_word(
    text: NDArray[np.int64],
    letters: NDArray[np.uint16],
    begin: int,
    length: int,
    is_end: NDArray[np.int32],
    edges: NDArray[np.int64],
    tokens: NDArray[np.int32],
) -> bool:
    """Whether a word begins here that is more than one or two consonants."""
    node = 0
    for at in range(begin, length):
        node = follow(edges, node, letters[at])
        if node == 0:
            return False
        short = at < begin + 2 and _consonant(text[begin]) and _consonant(text[at])
        if tokens[node] >= 0 and is_end[at + 1] and not short:
            return True
    return False


@compiled
def _plain_end(text: NDArray[np.int64], begin: int, length: int) -> int:
    """Where a run of Latin letters, a number, spaces or a line's end stops; ``begin`` where there is none."""
    point = text[begin]
    at = begin
    if _latin(point):
        while at < length and _latin(text[at]):
            at += 1
    elif _blank(point):
        while at < length and _blank(text[at]):
            at += 1
    elif point == 0x0A:
        at += 1
    elif 0x30 <= point <= 0x39:
        at = _number_end(text, begin, length, 0x30)
    elif 0x0E50 <= point <= 0x0E59:
        at = _number_end(text, begin, length, 0x0E50)
    return at


@compiled
def _number_end(text: NDArray[np.int64], at: int, length: int, zero: int) -> int:
    """Where a number in the digits from ``zero`` on stops; a point or comma between two of them is part of it."""
    while at < length and zero <= text[at] <= zero + 9:
        at += 1
        mark = text[at] == 0x2C or text[at] == 0x2E
        if at + 1 < length and mark and zero <= text[at + 1] <= zero + 9:
            at += 1
    return at


@compiled
def _cluster_end(text: NDArray[np.int64], at: int) -> int:
    """Where the character cluster that begins here ends."""
    point = text[at]
    if _consonant(point):
        return _from_consonant(text, at)
    if not 0x0E40 <= point <= 0x0E44 or not _consonant(text[at + 1]):
        return at + 1
    if point == 0x0E40:
        end = _from_e(text, at)
        return end - 1 if _looks_ahead(text, at, end) else end
    if point == 0x0E41:
        return _from_ae(text, at)
    end = _behind_tone(text, at + 2)
    return end + 1 if point == 0x0E42 and text[end] == 0x0E30 else end


@compiled
def _from_consonant(text: NDArray[np.int64], at: int) -> int:
    sign = text[at + 1]
    if sign == 0x0E31 or sign == 0x0E37:
        end = _behind_tone(text, at + 2)
        if sign == 0x0E31 and text[end] == 0x0E27 and text[end + 1] == 0x0E30:
            return _behind_silent(text, end + 2)
        if _consonant(text[end]):
            end += 1
            short = text[end] == 0x0E30 or text[end] == 0x0E34 or text[end] == 0x0E38
            return _behind_silent(text, end + 1 if short else end)
    if (sign == 0x0E34 or sign == 0x0E38 or sign == 0x0E39) and text[at + 2] == 0x0E4C:
        return _behind_silent(text, at + 3)
    if 0x0E30 <= sign <= 0x0E39:
        return _behind_silent(text, _behind_tone(text, at + 2))
    if sign == 0x0E47:
        return at + 2
    end = _behind_tone(text, at + 1)
    if text[end] == 0x0E30 or text[end] == 0x0E32 or text[end] == 0x0E33:
        end += 1
    return _behind_silent(text, end)


@compiled
def _from_e(text: NDArray[np.int64], at: int) -> int:
    sign, next_sign = text[at + 2], text[at + 3]
    if sign == 0x0E47 and _consonant(next_sign):
        return _behind_silent(text, at + 4)
    if _consonant(sign):
        end = _from_e_two(text, at)
        if end > at:
            return _behind_silent(text, end)
    end = _behind_tone(text, at + 3)
    if sign == 0x0E34:
        if _consonant(next_sign) and text[at + 4] == 0x0E4C and _consonant(text[at + 5]):
            return _behind_silent(text, at + 6)
        if _consonant(text[end]):
            return _behind_silent(text, end + 1)
    ya = sign == 0x0E35 and text[end] == 0x0E22
    if ya or (sign == 0x0E37 and text[end] == 0x0E2D):
        return _behind_silent(text, end + 2 if text[end + 1] == 0x0E30 else end + 1)
    end = _behind_tone(text, at + 2)
    if text[end] == 0x0E32:
        end += 1
    if text[end] == 0x0E30:
        end += 1
    return _behind_silent(text, end)


@compiled
def _from_e_two(text: NDArray[np.int64], at: int) -> int:
    """Where a cluster of เ and two consonants ends, but for a silent letter behind it; ``at`` where there is none."""
    end = _behind_tone(text, at + 3)
    if text[end] == 0x0E32 and text[end + 1] == 0x0E30:
        return end + 2
    end = _behind_tone(text, at + 4)
    if text[at + 3] == 0x0E35 and text[end] == 0x0E22 and text[end + 1] == 0x0E30:
        return end + 2
    if text[at + 3] == 0x0E47 and _consonant(text[at + 4]):
        return at + 5
    return at


@compiled
def _from_ae(text: NDArray[np.int64], at: int) -> int:
    sign, next_sign = text[at + 2], text[at + 3]
    if sign == 0x0E47 and _consonant(next_sign):
        return at + 4
    if _consonant(sign) and next_sign == 0x0E4C:
        return at + 4
    end = _behind_tone(text, at + 2)
    if text[end] == 0x0E30:
        return end + 1
    if _consonant(sign) and (
        (next_sign == 0x0E47 and _consonant(text[at + 4]))
        or (_consonant(next_sign) and text[at + 4] == 0x0E4C)
    ):
        return at + 5
    return end


@compiled
def _looks_ahead(text: NDArray[np.int64], at: int, end: int) -> bool:
    """Whether a cluster of เ holds ย and a letter more, which belongs to the next one."""
    sign = text[at + 2]
    if sign == 0x0E34 or sign == 0x0E35 or sign == 0x0E38 or sign == 0x0E39:
        after = _behind_tone(text, at + 3)
    elif _consonant(sign) and text[at + 3] == 0x0E35:
        after = _behind_tone(text, at + 4)
    else:
        return False
    letter = text[after + 1]
    return text[after] == 0x0E22 and after + 1 < end and (_consonant(letter) or 0x0E40 <= letter <= 0x0E44)


@compiled
def _behind_silent(text: NDArray[np.int64], at: int) -> int:
    """Behind one or two consonants that a silencer closes, with or without a vowel."""
    if not _consonant(text[at]):
        return at
    end = at + 2 if _consonant(text[at + 1]) else at + 1
    if text[end] == 0x0E34 or text[end] == 0x0E38 or text[end] == 0x0E39:
        end += 1
    return end + 1 if text[end] == 0x0E4C else at


@compiled
def _behind_tone(text: NDArray[np.int64], at: int) -> int:
    return at + 1 if 0x0E48 <= text[at] <= 0x0E4B else at


@compiled
def _consonant(point: int) -> bool:
    return 0x0E01 <= point <= 0x0E2E


@compiled
def _latin(point: int) -> bool:
    return 0x61 <= point <= 0x7A or 0x41 <= point <= 0x5A or point == 0x2D


@compiled
def _blank(point: int) -> bool:
    return point == 0x20 or point == 0x09
