"""The shape of an answer in sentences, as the OpenAPI document states it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.schemas import AnswerOut, CitationOut, Strict


class NumberedPassage(Strict):
    """A passage that the answer may be written from."""

    number: int = Field(description="what [1] in the answer refers to")
    passage_id: str
    heading: str
    text: str
    citation: CitationOut


class WrittenSentence(Strict):
    """A sentence that was checked against what it cites."""

    number: int
    text: str = Field(description="plain text, without the citations")
    citations: list[int] = Field(description="numbers of `passages`")


class AnswerResponse(Strict):
    """The answer in sentences, or why there is none; `answer` is then what to show."""

    query: str
    suggestion: str | None
    generation: str
    answer: AnswerOut | None = Field(description="the extractive answer, as a search gives it")
    passages: list[NumberedPassage]
    mode: Literal["written", "extractive"]
    reason: str | None = Field(
        description="why nothing is written: `off`, `no-answer`, `declined`, `unsupported`, `cites-outside`, `busy`, "
        "`away`, `slow`, `refused`, `overloaded`, `failed`, `unreadable`, `cut`, `too-long`, `internal`"
    )
    dropped: int = Field(description="sentences that did not pass the check")
    text: str | None = Field(description="the sentences with their citations, [1] and so on")
    sentences: list[WrittenSentence]
