"""The facade that the command, the service and the evaluation use: open, search, retrieve."""

from __future__ import annotations

import gc
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from corpus.settings import Settings
from corpus.store import Place, Store
from index.answers import CONSIDERED, answer_for
from index.calibration import Calibration
from index.encoders import StaticEncoder, load_encoder, load_lexicon
from index.features import Candidate, Features, features
from index.forward import document_number
from index.fusion import Fused, Ranking, Weights, fuse
from index.hits import Filters, Group, Hit, SearchResult
from index.interfaces import Encoder, Fetched, Sought, UnavailableError, Vectors
from index.judged import Judged
from index.listing import Listing
from index.opening import NoIndexError, OpenGeneration, no_index, open_newest
from index.present import FACETS, facets_of, grouped, present
from index.publish import GenerationError, Manifest, candidates, look, verify_ahead
from index.queries import Query, understand
from index.rerank import DEPTH as RERANKED
from index.rerank import Reranker
from index.stages import Stopwatch
from index.suggest import Suggestion

SYSTEMS = ("hybrid", "dense", "lexical", "words", "characters")
_INPUTS: Mapping[str, tuple[str, ...]] = {
    "hybrid": ("dense", "words", "characters"),
    "lexical": ("words", "characters"),
    "dense": ("dense",),
    "words": ("words",),
    "characters": ("characters",),
}
DEPTH = 100
_LAST, _STILL = 10, 0.5
"""Where so large a share of the last judged hits is related, those behind them may be, too."""
_FEWEST_SPELT = 4
_LOOK_AGAIN_SECONDS = 600.0
_WARMING = "กรณีใดทำงานร่วมกับโรงพยบาล"
"""A question with a slip, which makes all that a question may need be read."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One question's way up to the answer.

    Attributes:
        generation: the generation searched.
        asked: the question as understood.
        groups: those asked for.
        first: the most relevant groups, which an answer is sought in.
        judged: `index.judged.NAMES` of the most relevant groups' best passages, by passage id.
        facets: counts over the hits.
        total: the number of groups found.
    """

    generation: str
    asked: Query
    groups: tuple[Group, ...]
    first: tuple[Group, ...]
    judged: Mapping[str, Sequence[float]]
    facets: Mapping[str, Mapping[str, int]]
    total: int


class Engine:
    """Searches one generation at a time; `reload` swaps to a newer one between requests.

    Safe to share between threads: a search uses the generation that it began with.
    """

    def __init__(self, settings: Settings, store: Store, encoder: Encoder, opened: OpenGeneration) -> None:
        self.settings = settings
        self.encoder = encoder
        self._root_store = store
        self._opened = opened
        self._lock = threading.Lock()
        self._looked: tuple[tuple[object, ...], float] = ((), 0.0)
        self.weights = Weights.load()
        self.lexicon = load_lexicon(encoder)
        # A question's vector is asked for by ranking, reranking and answering.
        self._vector = _remembered(encoder)
        self._lexical_vector = self._vector if self.lexicon is encoder else _remembered(self.lexicon)
        self._content_tokens = _content_tokens(self.lexicon)
        self.reranker = Reranker.load()
        self.calibration = Calibration.load()

    @classmethod
    def open(cls, settings: Settings, encoder: Encoder | None = None) -> Engine:
        """Open the newest complete generation of a data directory.

        Raises:
            NoIndexError: nothing has been built there yet.
            GenerationError: every generation there is damaged, or the settings name another encoder.
            UnavailableError: the index lies elsewhere, and that does not answer.
        """
        if not candidates(settings):
            raise no_index(settings)
        verify_ahead(settings)
        try:
            store = Store.of(settings, create=False)
        except FileNotFoundError as error:
            place = settings.database if settings.server is None else "KARANI_DATABASE"
            raise GenerationError(
                f"มีดัชนีแต่ไม่มีข้อมูลใน {place} — สั่ง karani restore จากไฟล์สำรอง / "
                f"there is an index but no corpus in {place}: run karani restore with a backup"
            ) from error
        try:
            # Products of a question's few vectors are too small to share: more threads only wait for each other.
            threadpool_limits(limits=1, user_api="blas")
            encoder = encoder or load_encoder(settings.encoder, revision=settings.encoder_revision)
            return cls(settings, store, encoder, open_newest(settings, store, encoder))
        except BaseException:
            store.close()
            raise

    @property
    def store(self) -> Store:
        """The store as of the serving generation."""
        return self._opened.store

    @property
    def generation(self) -> str:
        """The serving generation's name."""
        return self._opened.name

    @property
    def manifest(self) -> Manifest:
        """The serving generation's manifest."""
        return self._opened.manifest

    @property
    def fault(self) -> str:
        """Why another generation serves than the one that should; empty when all is well."""
        return self._opened.fault

    def problem(self) -> str:
        """Why it cannot answer just now, for people; empty when it can. May wait for another machine."""
        return self._opened.index.problem()

    @property
    def opened(self) -> OpenGeneration:
        """The serving generation's open files."""
        return self._opened

    def understand(
        self,
        query: str,
        opened: OpenGeneration | None = None,
        *,
        exact: bool = False,
        watch: Stopwatch | None = None,
    ) -> Query:
        """The question as understood; ``exact`` takes it as it was typed."""
        opened = opened or self._opened
        return understand(query, opened.segmenter.terms, None if exact else opened.speller, watch)

    def fused(self, asked: Query, depth: int = DEPTH) -> list[Fused]:
        """The fused ranking before any reranking."""
        return fuse(self.rankings(asked, depth), self.weights)

    def rankings(self, asked: Query, depth: int = DEPTH) -> dict[str, Ranking]:
        """Each input's ranking: (row, score), best first."""
        return self._rankings(self._opened, asked, depth, _INPUTS["hybrid"], Filters(), Stopwatch())

    def warm(self) -> None:
        """Do now what is otherwise done at the first question and the first letters typed."""
        self._warm(self._opened)
        self.search(_WARMING, k=1)
        # What is there now stays: looking for garbage in hundreds of thousands of words takes every search's time.
        gc.collect()
        gc.freeze()

    def _warm(self, opened: OpenGeneration) -> None:
        self.understand(_WARMING, opened)

    def reload(self, *, warm: bool = False) -> bool:
        """Swap to the generation that ``CURRENT`` names, if it is another one and whole; ``warm`` it before.

        One that cannot be used is looked at again only when something in the data directory has changed, or
        after a while: reading all of it takes long.
        """
        seen, now = look(self.settings), time.monotonic()
        if seen == self._looked[0] and not (self.fault and now - self._looked[1] > _LOOK_AGAIN_SECONDS):
            return False
        with self._lock:
            self._looked = (seen, now)
            try:
                opened = open_newest(self.settings, self._root_store, self.encoder, self._opened)
            except (GenerationError, NoIndexError) as error:
                opened = replace(self._opened, fault=str(error))
            except UnavailableError as error:
                opened = replace(self._opened, fault=str(error))
                self._looked = ((), now)  # nothing here changes when it answers again
            changed = opened.name != self.generation
            if warm and changed:
                self._warm(opened)
            self._opened = opened
        return changed

    def close(self) -> None:
        """Close the store's connections."""
        self._root_store.close()

    def retrieve(
        self, query: str, *, depth: int = DEPTH, system: str = "hybrid", filters: Filters | None = None
    ) -> list[Hit]:
        """The best passages for a question, best first; ties break by passage id."""
        opened = self._opened
        ranked, _ = self._rank(opened, self.understand(query, opened), depth, system, filters, Stopwatch())
        stored = opened.store.stored([row for row, _, _ in ranked])
        hits = [
            Hit(stored[row].passage.passage_id, score, parts) for row, score, parts in ranked if row in stored
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        offset: int = 0,
        sort: str = "relevance",
        system: str = "hybrid",
        filters: Filters | None = None,
        exact: bool = False,
        everything: bool = False,
    ) -> SearchResult:
        """Answer a question: hits grouped by case, highlights, citations, facets, the answer.

        Args:
            query: what was asked; beyond `index.queries.MAX_CHARS` characters it is cut.
            k: groups to return.
            offset: groups to pass over.
            sort: one of `index.listing.SORTS`; the answer is sought in the most relevant groups all the same.
            system: one of `SYSTEMS`.
            filters: exact, applied inside every input ranking.
            exact: search what was typed, without putting slips right.
            everything: also what has little to do with the question, down to `DEPTH` passages.
        """
        began = time.perf_counter()
        watch = Stopwatch()
        listing = Listing(k, offset, sort)
        found = self.consider(
            query, listing, system=system, filters=filters, exact=exact, everything=everything, watch=watch
        )
        with watch("answer"):
            answer = None
            if found.first:
                vector = self._lexical_vector(found.asked.text)
                answer = answer_for(
                    found.asked, found.first, found.judged, self.lexicon, self.calibration, vector
                )
        return SearchResult(
            query=query,
            took_ms=(time.perf_counter() - began) * 1000,
            generation=found.generation,
            encoder=self.encoder.name,
            answer=answer,
            groups=found.groups,
            facets=found.facets,
            suggestion=found.asked.suggestion,
            total=found.total,
            offset=offset,
            sort=sort,
            stages=watch.ms,
        )

    def suggest(self, typed: str, limit: int = 8, past: Sequence[str] = ()) -> tuple[Suggestion, ...]:
        """What a person may be about to ask; a question put right where nothing begins like it.

        Args:
            typed: what stands in the box so far.
            limit: suggestions to return.
            past: questions asked before, most asked first.
        """
        opened = self._opened
        found = opened.suggester.suggest(typed, limit, past)
        if found or len(typed.strip()) < _FEWEST_SPELT:
            return found
        meant = self.understand(typed, opened).suggestion
        return () if meant is None else (Suggestion(meant, "spelling"),)

    def consider(
        self,
        query: str,
        listing: Listing,
        *,
        system: str = "hybrid",
        filters: Filters | None = None,
        exact: bool = False,
        everything: bool = True,
        without: Collection[str] = (),
        watch: Stopwatch | None = None,
    ) -> Considered:
        """Everything that an answer follows from: the question as understood, groups, what the reranker saw.

        Args:
            query: what was asked.
            listing: the groups to return.
            system: one of `SYSTEMS`.
            filters: exact, applied inside every input ranking.
            exact: search what was typed.
            everything: as for `search`.
            without: ids of documents that are left out as if the corpus lacked them.
            watch: told where the time goes.
        """
        opened, watch = self._opened, watch or Stopwatch()
        asked = self.understand(query, opened, exact=exact, watch=watch)
        hidden = {document_number(document_id) for document_id in without}
        ranked, judged = self._rank(opened, asked, DEPTH, system, filters, watch, hidden)
        with watch("rerank"):
            judged = judged or self._judge(opened, asked, ranked[:RERANKED])
        if not everything:
            with watch("rerank"):
                ranked = self._related(opened, asked, ranked, judged)
        with watch("read"):
            places = opened.store.places([row for row, _, _ in ranked])
        members = grouped((places[row], score, parts) for row, score, parts in ranked if row in places)
        groups = present(listing.part(members, opened.store), asked, opened.store, watch)
        first = groups if listing.is_first else present(members[:CONSIDERED], asked, opened.store, watch)
        shown = [group[0][0].row for group in members[: min(CONSIDERED, len(first))]]
        numbers = {} if judged is None else judged.numbers(shown)
        with watch("facets"):
            facets = _facets(opened.store, places)
            facets |= self._wider_facets(opened, asked, system, filters or Filters(), facets, everything)
        return Considered(
            opened.name,
            asked,
            groups,
            first,
            {
                group.best.passage.passage_id: numbers[row]
                for group, row in zip(first, shown, strict=False)
                if row in numbers
            },
            facets,
            len(members),
        )

    def _related(
        self, opened: OpenGeneration, asked: Query, ranked: list[Fused], judged: Judged | None
    ) -> list[Fused]:
        """The hits that have to do with the question; all of them where none clearly has."""
        if judged is None or self.reranker is None:
            return ranked
        scores = dict(zip(judged.rows, judged.scores.tolist(), strict=True))
        rest = [hit for hit in ranked if hit[0] not in scores]
        last = judged.scores[-_LAST:]
        if rest and float(np.mean(last > self.reranker.related)) >= _STILL:
            further = self._judge(opened, asked, rest)
            if further is not None:
                scores |= zip(further.rows, further.scores.tolist(), strict=True)
        related = [hit for hit in ranked if scores.get(hit[0], -math.inf) > self.reranker.related]
        return related or ranked

    def _wider_facets(
        self,
        opened: OpenGeneration,
        asked: Query,
        system: str,
        filters: Filters,
        counted: Mapping[str, Mapping[str, int]],
        everything: bool,
    ) -> dict[str, dict[str, int]]:
        """Counts of each facet that filters, as if it did not, so that further values can be added to it."""
        wider = {}
        for name in FACETS:
            chosen = filters.values(name)
            if not chosen:
                continue
            without = replace(filters, **{name: None})
            rankings = self._rankings(opened, asked, DEPTH, _INPUTS[system], without, Stopwatch())
            ranked = fuse(rankings, self.weights, DEPTH)
            if not everything:
                ranked = self._related(opened, asked, ranked, self._judge(opened, asked, ranked[:RERANKED]))
            counts = _facets(opened.store, opened.store.places([row for row, _, _ in ranked]))[name]
            # A chosen value's own hits may lie too deep in the wider ranking.
            wider[name] = counts | {value: counted[name].get(value, 0) for value in chosen}
        return wider

    def _rank(
        self,
        opened: OpenGeneration,
        asked: Query,
        depth: int,
        system: str,
        filters: Filters | None,
        watch: Stopwatch,
        hidden: Collection[int] = (),
    ) -> tuple[list[Fused], Judged | None]:
        """The ranking, and what the reranker saw where it ordered it."""
        if system not in _INPUTS:
            raise ValueError(f"system must be one of {', '.join(SYSTEMS)}, not {system!r}")
        rankings = self._rankings(opened, asked, depth, _INPUTS[system], filters or Filters(), watch)
        with watch("fuse"):
            fused = fuse(rankings, self.weights, None if hidden else max(depth, RERANKED))
        if hidden:
            documents = opened.index.documents_of([row for row, _, _ in fused]).tolist()
            fused = [one for one, document in zip(fused, documents, strict=True) if document not in hidden]
        if system != "hybrid" or self.reranker is None:
            return fused[:depth], None
        with watch("rerank"):
            judged = self._judge(opened, asked, fused[:RERANKED])
            return (fused if judged is None else _reordered(fused, judged))[:depth], judged

    def _judge(self, opened: OpenGeneration, asked: Query, head: Sequence[Fused]) -> Judged | None:
        """What the reranker sees of some hits and makes of them; without a reranker their scores stay."""
        if not head:
            return None
        rows = tuple(row for row, _, _ in head)
        fetched = opened.index.fetch(rows)
        seen = self.candidate_features(opened, asked, head, fetched)
        scores = np.asarray([score for _, score, _ in head], dtype=np.float32)
        return Judged(rows, fetched.documents, seen, scores if self.reranker is None else self.reranker(seen))

    def candidate_features(
        self, opened: OpenGeneration, asked: Query, head: Sequence[Fused], fetched: Fetched
    ) -> Features:
        """`index.features` of fused hits, one row each; ``fetched`` is what the index holds of them."""
        vector = self._lexical_vector(asked.text)
        # Exact cosines, whichever input found the passages.
        cosines = (fetched.vectors @ self._vector(asked.text)).tolist()
        documents = fetched.documents.tolist()
        candidates = [
            Candidate(row, document, parts, score, cosine)
            for (row, score, parts), document, cosine in zip(head, documents, cosines, strict=True)
        ]
        tokens, digits = self._content_tokens(asked.content)
        return features(
            tokens,
            digits,
            vector,
            candidates,
            fetched.tokens,
            opened.index.statistics,
            self.lexicon,
            asked.kind,
        )

    def _rankings(
        self,
        opened: OpenGeneration,
        asked: Query,
        depth: int,
        inputs: Sequence[str],
        filters: Filters,
        watch: Stopwatch,
    ) -> dict[str, Ranking]:
        if not asked.content:
            return {}
        vector = None
        if "dense" in inputs:
            with watch("encode"):
                vector = self._vector(asked.text)
        sought = Sought(
            words=asked.words if "words" in inputs else None,
            characters=asked.grams if "characters" in inputs else None,
            vector=vector,
        )
        return opened.index.rankings(sought, depth, filters, watch)


class Opener:
    """Opens a data directory's engine once one can be had; called again and again, it does not read in vain.

    Args:
        settings: names the data directory and the encoder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refused: tuple[tuple[object, ...], GenerationError] | None = None

    def __call__(self) -> Engine:
        """The open engine.

        Raises:
            NoIndexError: nothing has been built there yet.
            GenerationError: no generation there can be used; raised anew until something there changes.
            UnavailableError: the index lies elsewhere, and that does not answer just now.
        """
        seen = look(self._settings)
        if self._refused is not None and self._refused[0] == seen:
            raise self._refused[1]
        try:
            return Engine.open(self._settings)
        except GenerationError as error:
            self._refused = (seen, error)
            raise


def _facets(store: Store, places: Mapping[int, Place]) -> dict[str, dict[str, int]]:
    """The facets of some passages."""
    cases = store.cases_by_id({place.case_id for place in places.values() if place.case_id})
    return facets_of(places.values(), cases)


def _remembered(encoder: Encoder) -> Callable[[str], Vectors]:
    """An encoder's vector of one question; the last few hundred are kept."""
    return lru_cache(maxsize=512)(lambda text: encoder.encode_queries([text])[0])


def _content_tokens(
    lexicon: StaticEncoder,
) -> Callable[[tuple[str, ...]], tuple[NDArray[np.int32], NDArray[np.bool_]]]:
    """A question's tokens, and which are numbers; the last few hundred questions' are kept."""

    def tokens_of(content: tuple[str, ...]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        numbers = " ".join(term for term in content if term.isdigit())
        tokens, digits = lexicon.rows([" ".join(content), numbers])
        return tokens, np.isin(tokens, digits)

    return lru_cache(maxsize=512)(tokens_of)


def _reordered(fused: Sequence[Fused], judged: Judged) -> list[Fused]:
    """The judged hits, which come first, in the order of their scores; the rest keeps its own below them."""
    head, tail = fused[: len(judged.rows)], fused[len(judged.rows) :]
    scores = judged.scores.tolist()
    best = max(scores)
    order = sorted(range(len(head)), key=lambda i: (-scores[i], head[i][0]))
    # Scores in (0, 1] that follow the new order: a share of the best, above everything not reranked.
    renewed = [(head[i][0], 0.5 + 0.5 * math.exp(scores[i] - best), head[i][2]) for i in order]
    return renewed + [(row, 0.5 * score, parts) for row, score, parts in tail]
