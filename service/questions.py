"""What may be asked: the limits on a question, the same for the interface and the web page."""

from __future__ import annotations

import re

from corpus.cleaning import CONTROL_SEQUENCE
from index.engine import Engine
from index.hits import SearchResult
from service.edge.observing import observed
from service.problems import invalid
from service.schemas import SearchRequest
from service.settings import ServiceSettings

#: What makes a question more than empty, for Python and for the OpenAPI document's ``pattern`` alike:
#: one character that is neither white space, a control character nor an invisible mark.
SOMETHING = r"[^\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]"
_CONTROL = re.compile(rf"(?:{CONTROL_SEQUENCE.pattern}|[\x00-\x1f\x7f-\x9f])+")


def checked(search: SearchRequest, settings: ServiceSettings, place: str = "query") -> SearchRequest:
    """The search with a readable question and a set ``k``.

    Raises:
        ProblemError: 422, the question is empty or too long, or ``k`` too large.
    """
    question = readable(search.q)
    if len(search.q) > settings.max_query_chars:
        limit = f"{settings.max_query_chars:,}"
        raise invalid(
            place, "q", f"คำถามยาวเกิน {limit} ตัวอักษร กรุณาย่อลง", f"is over {limit} characters: shorten it"
        )
    if not question:
        raise invalid(place, "q", "คำถามว่างเปล่า กรุณาพิมพ์คำถาม", "is empty: type a question")
    k = settings.default_k if search.k is None else search.k
    if k > settings.max_k:
        raise invalid(place, "k", f"ต้องไม่เกิน {settings.max_k}", f"is at most {settings.max_k}")
    return search.model_copy(update={"q": question, "k": k})


def readable(text: str) -> str:
    """The text without control characters, trimmed; empty if nothing in it shows."""
    return _CONTROL.sub(" ", text).strip() if re.search(SOMETHING, text) else ""


def ask(engine: Engine, search: SearchRequest) -> SearchResult:
    """One checked search, on the calling thread."""
    assert search.k is not None  # noqa: S101 - set by `checked`
    return observed(
        engine.search(
            search.q,
            k=search.k,
            offset=search.offset,
            sort=search.sort,
            system=search.system,
            filters=search.filters,
            exact=search.exact,
            everything=search.everything,
        )
    )
