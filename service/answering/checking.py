"""Whether a written sentence may be shown, that is: whether what it cites says it.

Five plain questions, each of which a reader can repeat by eye:

1. cites it a passage, and only passages that were given?
2. is it text alone: no markup, no web address that the passage does not have?
3. stands every figure in a cited passage (Thai digits and thousands' commas folded, พ.ศ. and ค.ศ. alike)?
4. stands every quoted name, every name in Latin letters and every province in a cited passage?
5. does a good share of its content words, weighed by how rare they are in Thai at large, stand in the cited
   text, and every rare one (a name, a term)? Words of the passage's title, case and heading are known and count
   on neither side. A sentence in another language than the passage must instead quote it word for word.

They do not prove meaning: a sentence made of the passage's own words may still turn it around.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from corpus.gazetteer import provinces
from corpus.segment import fold
from index.background import weight
from index.vocabulary import FUNCTION_WORDS, QUESTION_WORDS
from service.answering.sentences import Sentence
from service.answering.sources import Source

#: The least share of a sentence's weighed content words that must stand in what it cites.
LEAST_SHARE = 0.45
#: Lighter words are in every other text (จังหวัด, ประชาชน, โครงการ): they prove nothing and refute nothing.
LIGHT = 0.2
#: From this weight on a word is rare: a name, a technical term.
RARE = 0.75
_MIN_QUOTE_CHARS = 8
_SHORT_FORMS = {
    "อบต.": "องค์การบริหารส่วนตำบล",
    "อบจ.": "องค์การบริหารส่วนจังหวัด",
    "ทต.": "เทศบาลตำบล",
    "ทม.": "เทศบาลเมือง",
    "ทน.": "เทศบาลนคร",
}
_BE_CE = 543

_FIGURE = re.compile(r"[0-9]+(?:[.,:/][0-9]+)*")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_QUOTED = re.compile(r"[“\"«‘]([^”\"»’“«‘]{2,300})[”\"»’]")
_LATIN = re.compile(r"[a-z][a-z0-9&.-]*[a-z0-9]|[a-z]")
_MARKUP = re.compile(r"<\s*/?\s*[a-z!?]|&(?:#[0-9]+|#x[0-9a-f]+|[a-z]{2,8});|\]\(|```", re.IGNORECASE)
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}://|www\.|javascript:|data:)[^\s“”\"]*", re.IGNORECASE)
_THAI = re.compile("[\u0e01-\u0e2e]")
_GAP = re.compile(r"\s+")
#: A province is meant only after the word for province: several short ones are everyday words (เลย, ตาก, แพร่).
_EVERYDAY_CHARS = 4
_PROVINCE = re.compile(
    r"(?:จังหวัด|จ\.)\s*(" + "|".join(sorted(map(re.escape, provinces()), key=len, reverse=True)) + ")"
)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What cited passages say, folded: ``text`` with its gaps, ``tight`` without, and what stands beside it."""

    text: str
    tight: str
    beside: str
    figures: frozenset[str]
    thai: bool


class Checker:
    """Checks sentences against the passages of one question.

    Args:
        sources: the passages that were given, numbered.
        question: names in Latin letters may come from it.
        terms: cuts text into content words, as the index does (`corpus.segment.Segmenter.terms`).
    """

    def __init__(self, sources: Sequence[Source], question: str, terms: Callable[[str], list[str]]) -> None:
        self._sources = {source.number: source for source in sources}
        self._question = fold(question)
        self._terms = terms

    def fault(self, sentence: Sentence) -> str:
        """Why the sentence may not be shown, or ``""``.

        One of ``uncited``, ``outside`` (cites what was not given), ``markup``, ``link``, ``number``,
        ``name``, ``words``.
        """
        if not sentence.citations:
            return "uncited"
        if any(number not in self._sources for number in sentence.citations):
            return "outside"
        said = fold(sentence.text)
        evidence = _evidence([self._sources[number] for number in sentence.citations])
        checks: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("markup", lambda: not _MARKUP.search(said)),
            ("link", lambda: all(link in evidence.text for link in _LINK.findall(said))),
            ("number", lambda: _figures(said) <= evidence.figures),
            ("name", lambda: self._names_stand(said, evidence)),
            ("words", lambda: self._words_stand(said, evidence)),
        )
        return next((name for name, holds in checks if not holds()), "")

    def _names_stand(self, said: str, evidence: _Evidence) -> bool:
        if not all(_tight(quoted) in evidence.tight for quoted in _QUOTED.findall(said)):
            return False
        if not all(_province_stands(name, evidence) for name in _PROVINCE.findall(said)):
            return False
        outside = _QUOTED.sub(" ", said)
        if not _THAI.search(outside):
            return True  # every word is Latin: the words' own check is for them
        return all(name in evidence.text or name in self._question for name in _LATIN.findall(outside))

    def _words_stand(self, said: str, evidence: _Evidence) -> bool:
        if evidence.thai and not _THAI.search(_QUOTED.sub(" ", said)):
            return any(len(_tight(quoted)) >= _MIN_QUOTE_CHARS for quoted in _QUOTED.findall(said))
        words = {term for term in self._terms(said) if len(term) > 1 and not term[0].isdigit()}
        new = {w for w in words - FUNCTION_WORDS - QUESTION_WORDS if w not in evidence.beside}
        weights = {word: heft for word in new if (heft := weight(word)) >= LIGHT}
        missing = [heft for word, heft in weights.items() if word not in evidence.tight]
        if any(heft >= RARE for heft in missing):
            return False
        return bool(words) and sum(missing) <= (1 - LEAST_SHARE) * sum(weights.values())


def _province_stands(name: str, evidence: _Evidence) -> bool:
    """Short names are looked for with the word for province, or beside the passage."""
    if len(name) > _EVERYDAY_CHARS or name in evidence.beside:
        return name in evidence.tight
    return any(f"{prefix}{name}" in evidence.tight for prefix in ("จังหวัด", "จ."))


def _evidence(sources: Sequence[Source]) -> _Evidence:
    beside = fold("\n".join(source.beside for source in sources))
    text = fold("\n".join(source.text for source in sources)) + "\n" + beside
    thai = len(_THAI.findall(text)) * 4 > len(_GAP.sub("", text))
    figures = _figures(text)
    return _Evidence(
        text, _tight(text), _with_forms(_tight(beside)), frozenset(figures | _other_era(figures)), thai
    )


def _with_forms(tight: str) -> str:
    """Organisations by both of their names: ``อบต.`` is ``องค์การบริหารส่วนตำบล``."""
    other = [short for short, long in _SHORT_FORMS.items() if long in tight]
    other += [long for short, long in _SHORT_FORMS.items() if short in tight]
    return "\n".join([tight, *other])


def _tight(text: str) -> str:
    return _GAP.sub("", text)


def _figures(folded: str) -> set[str]:
    """All figures: ``1,200`` is ``1200``, ``2,5`` stays."""
    return set(_FIGURE.findall(_THOUSANDS.sub("", folded)))


def _other_era(figures: set[str]) -> set[str]:
    """The years among figures, counted in the other era: 2562 is 2019."""
    years = [int(one) for one in figures if len(one) == 4 and one.isdigit()]
    shifted = [y - _BE_CE for y in years if 2400 <= y <= 2700] + [
        y + _BE_CE for y in years if 1857 <= y <= 2157
    ]
    return set(map(str, shifted))
