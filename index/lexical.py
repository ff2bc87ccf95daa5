"""The two lexical rankings: BM25 over words and over character 3-grams, in tantivy.

Both stand in one tantivy index over the same passages, whose text is the
passage after its context (case, title, heading). Terms come cut: tantivy only
splits words at spaces, and characters into n-grams of a mark-free skeleton, so
that no analyzer but ours touches Thai. Queries are built from terms, never
parsed from what people type.

BM25: Robertson & Zaragoza 2009, tantivy's k1 = 1.2 and b = 0.75.
Character n-grams for unsegmented scripts: McNamee & Mayfield 2004.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.segment import fold
from corpus.trie import code_points
from index.hits import Filters
from index.writing import tantivy_files

NGRAM = 3
FIELDS = ("words", "characters")
ATTRIBUTES = ("document_id", "case_id", "province", "year_be", "kind", "award")
_MARKS = re.compile("[\u0e47-\u0e4e]")
_NOT_TEXT = re.compile(
    r"[^0-9a-z\u00c0-\u024f\u0370-\u1fff\u0e01-\u0e3a\u0e40-\u0e46\u0e50-\u0e59\u2c00-\ud7ff]+"
)
_FREQUENCIES = 50_000
"""Terms whose numbers of passages are remembered, some 10 MB."""
_TEXT_ENDS = 0xD800
"""No letter of a skeleton is as high as this."""
#: A question is searched by so many of its terms, those that tell most: the others hardly change who comes first, and
#: their postings, which are the longest, take two thirds of the time. Chosen on thaigov-local dev (docs/quality.md).
_MOST_TERMS = {"words": 10, "characters": 24}


def skeleton(text: str) -> str:
    """What character n-grams are taken from: folded, without tone marks and spaces.

    Tone marks, ็ and ์ are what people drop or mistype; ำ and ํา are written alike.
    """
    plain = _MARKS.sub("", fold(text).replace("ำ", "า"))
    return _NOT_TEXT.sub("", plain)


@lru_cache(maxsize=1)
def _letters() -> NDArray[np.uint32]:
    """For each character of a folded text its letter in the skeleton, 0 where it has none."""
    letters = np.zeros(_TEXT_ENDS + 1, dtype=np.uint32)  # the last place is that of all higher ones
    kept, _ = code_points([_NOT_TEXT.sub("", _MARKS.sub("", "".join(map(chr, range(_TEXT_ENDS)))))])
    letters[kept] = kept
    letters[ord("ำ")] = ord("า")
    return letters


def skeleton_points(folded: str) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """The `skeleton` of a folded text as code points, and which of the text's characters have a letter in it."""
    letters = _letters()[np.minimum(code_points([folded])[0], _TEXT_ENDS)]
    kept = letters != 0
    return letters[kept], kept


def ngrams(text: str) -> list[str]:
    """The character 3-grams of a query's skeleton; a shorter one is a single gram."""
    plain = skeleton(text)
    if len(plain) <= NGRAM:
        return [plain] if plain else []
    return passage_ngrams(plain)


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("characters", tokenizer_name="karani_ngrams", index_option="freq")
    for name in ATTRIBUTES:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def open_index(folder: Path) -> Any:
    """The tantivy index in a folder, made where there is none, with the n-grams' tokenizer."""
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder), reuse=True)
    grams = tantivy.Tokenizer.ngram(NGRAM, NGRAM, False)
    index.register_tokenizer("karani_ngrams", tantivy.TextAnalyzerBuilder(grams).build())
    return index


class LexicalIndex:
    """A read-only lexical index of a generation."""

    def __init__(self, folder: Path) -> None:
        # Reading takes a lock file, too.
        with tantivy_files():
            self._index = open_index(folder)
            self._searcher = self._index.searcher()
        self._schema = self._index.schema
        # Most of a question's terms stood in others before; the dictionary takes ten times as long.
        self._frequency = lru_cache(maxsize=_FREQUENCIES)(self._searcher.doc_freq)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def rows(self) -> list[int]:
        """The row numbers held, ascending."""
        import tantivy

        found = self._searcher.search(tantivy.Query.all_query(), limit=max(1, len(self)), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        return sorted(int(row) for row in rows)

    def document_frequency(self, field: str, term: str) -> int:
        """How many passages hold the term."""
        return int(self._frequency(field, term))

    def count_all(self, terms: Mapping[str, Iterable[str]]) -> int:
        """How many passages hold every one of the terms of each field."""
        import tantivy

        make = tantivy.Query
        must = [
            (tantivy.Occur.Must, make.term_query(self._schema, field, term, "basic"))
            for field, wanted in terms.items()
            for term in sorted(set(wanted))
        ]
        return int(self._searcher.search(make.boolean_query(must), limit=1).count) if must else 0

    def search(
        self, field: str, weights: Mapping[str, float], depth: int, filters: Filters | None = None
    ) -> list[tuple[int, float]]:
        """The best ``depth`` rows for weighted terms: (row, BM25), best first; ties by row."""
        query = self._query(field, weights, filters)
        if query is None or depth <= 0:
            return []
        found = self._searcher.search(query, limit=depth, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        pairs = [(int(row), float(score)) for (score, _), row in zip(found, rows, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def filtered_rows(self, filters: Filters) -> list[int] | None:
        """Every row that passes the filters, ascending; ``None`` when nothing is filtered."""
        import tantivy

        clauses = self._filter_clauses(filters)
        if not clauses:
            return None
        query = tantivy.Query.boolean_query(clauses)
        found = self._searcher.search(query, limit=max(1, len(self)), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        return sorted(int(row) for row in rows)

    def _query(self, field: str, weights: Mapping[str, float], filters: Filters | None) -> Any:
        import tantivy

        make = tantivy.Query
        terms = []
        for term, weight in telling(field, weights, self.document_frequency, len(self)):
            query = make.term_query(self._schema, field, term, "freq")
            terms.append((tantivy.Occur.Should, query if weight == 1 else make.boost_query(query, weight)))
        if not terms:
            return None
        clauses = self._filter_clauses(filters) if filters else []
        if not clauses:
            return make.boolean_query(terms)
        return make.boolean_query([(tantivy.Occur.Must, make.boolean_query(terms)), *clauses])

    def _filter_clauses(self, filters: Filters) -> list[tuple[Any, Any]]:
        import tantivy

        make = tantivy.Query
        clauses = []
        for name in ATTRIBUTES:
            terms = [make.term_query(self._schema, name, one, "basic") for one in filters.values(name)]
            if terms:
                any_of = make.boolean_query([(tantivy.Occur.Should, term) for term in terms])
                clauses.append((tantivy.Occur.Must, make.const_score_query(any_of, 0.0)))
        return clauses


def passage_ngrams(plain: str) -> list[str]:
    """The character 3-grams that a passage is found by, of its skeleton."""
    return [plain[i : i + NGRAM] for i in range(len(plain) - NGRAM + 1)]


def telling(
    field: str, weights: Mapping[str, float], frequency: Callable[[str, str], int], passages: int
) -> list[tuple[str, float]]:
    """The terms of a question that are searched for, those that tell most first: (term, weight).

    Args:
        field: of `FIELDS`.
        weights: the question's terms.
        frequency: how many passages hold a term of a field.
        passages: how many there are.
    """
    worth = {
        term: weight * idf(held, passages)
        for term, weight in weights.items()
        if weight > 0 and (held := frequency(field, term))
    }
    chosen = sorted(worth, key=lambda term: (-worth[term], term))[: _MOST_TERMS[field]]
    return [(term, weights[term]) for term in chosen]


def idf(held: int, passages: int) -> float:
    """Inverse document frequency of a term that ``held`` of the passages hold, as BM25 weighs it."""
    return math.log1p((passages - held + 0.5) / (held + 0.5))


def counted(terms: Sequence[str]) -> dict[str, float]:
    """Terms as weights: how often each stands in the query."""
    return {term: float(count) for term, count in Counter(terms).items()}
