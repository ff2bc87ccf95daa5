"""What the interface takes and gives for changes to the corpus."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from service.changing.jobs import Job, State
from service.schemas import PagingRequest, Strict, valid_unicode, whole

#: As the store keeps ids, so that nothing else than what was sent is stored.
ID_PATTERN = r"^[0-9A-Za-z\u0e00-\u0e7f_]([0-9A-Za-z\u0e00-\u0e7f._-]{0,118}[0-9A-Za-z\u0e00-\u0e7f_])?$"
MAX_SHOWN = 1000
"""Ids and failures of one job that are listed."""
MAX_DOCUMENTS = 10_000
"""Documents in one JSON call."""
_SEEN = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


def _plain(value: object) -> object:
    """Refuse what no text holds: halves of surrogate pairs, NUL."""
    valid_unicode(value)
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and "\x00" in text:
            raise _fault("มีอักขระ NUL", "holds a NUL character")
    return value


def _fault(thai: str, english: str) -> PydanticCustomError:
    return PydanticCustomError("document", english, {"thai": thai})


class PageIn(Strict):
    """A page: its number, as the source counts, and its text."""

    number: int = Field(ge=1, le=10**9)
    text: str

    _whole = field_validator("number", mode="before")(whole)
    _plain = field_validator("text")(_plain)


Value = Annotated[str, Field(max_length=2000)] | int | float


class DocumentIn(Strict):
    """A document: an id, and either its text or its pages."""

    id: str = Field(
        pattern=ID_PATTERN, description="the document's id from now on", examples=["news-2569-01"]
    )
    title: str = Field(default="", max_length=500)
    text: str | None = Field(default=None, description="the whole text; form feeds part pages")
    pages: list[PageIn] | None = Field(default=None, min_length=1, max_length=100_000)
    source: str | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="where the text is from; kept among its metadata",
    )
    metadata: dict[Annotated[str, Field(min_length=1, max_length=64)], Value] = Field(
        default={},
        max_length=50,
        description="`organisation`, `kind`, `province`, `year_be`, `award`, `url`, and what else is to be kept",
    )

    _plain = field_validator("id", "title", "text", "source")(_plain)

    @field_validator("metadata")
    @classmethod
    def _plain_metadata(cls, values: dict[str, Any]) -> dict[str, Any]:
        _plain(list(values))
        _plain(list(values.values()))
        return values

    @model_validator(mode="after")
    def _one_text(self) -> DocumentIn:
        if (self.text is None) == (self.pages is None):
            raise _fault("ต้องมี text หรือ pages อย่างใดอย่างหนึ่ง", "wants either text or pages")
        numbers = [page.number for page in self.pages or ()]
        if len(set(numbers)) < len(numbers):
            raise _fault("เลขหน้าซ้ำ", "two pages have the same number")
        if not any(_SEEN.search(text) for text in [self.text or "", *(p.text for p in self.pages or ())]):
            raise _fault("ไม่มีข้อความ", "holds no text")
        return self

    def line(self) -> dict[str, Any]:
        """As `corpus.readers.jsonl` reads it."""
        return self.model_dump(exclude_none=True)


class DocumentsIn(Strict):
    """Several documents in one call."""

    documents: list[DocumentIn] = Field(min_length=1, max_length=MAX_DOCUMENTS)


class ChangeRequest(Strict):
    """How documents are added."""

    replace: bool = Field(
        default=False,
        description="each document becomes exactly what is sent; else pages that are not sent are kept",
    )


class JobsRequest(PagingRequest):
    """Which jobs."""

    state: State | None = Field(default=None, description="only jobs in this state")


class ProgressOut(Strict):
    """How far the stage is: files while reading, passages while building."""

    done: int
    total: int


class FailureOut(Strict):
    """What did not go in."""

    name: str = Field(description="the file's name; empty where the whole job is meant")
    message: str = Field(description="what is wrong and what to do: Thai / English")


class ResultOut(Strict):
    """What became of a job that has ended."""

    changed: int = Field(description="documents that it changed")
    documents: list[str] = Field(description="their ids, the first 1,000")
    failed: int = Field(description="failures")
    failures: list[FailureOut] = Field(description="the first 1,000")
    generation: str | None = Field(
        description="the index that holds the changes; `null` where nothing went in"
    )


class JobOut(Strict):
    """A change to the corpus and how far it is. `done`: searches find it from now on."""

    id: str
    url: str
    kind: Literal["add", "replace", "delete"]
    state: Literal["queued", "running", "done", "failed"]
    stage: Literal["waiting", "reading", "building", "opening"] | None = Field(
        description="`null` once the job has ended"
    )
    progress: ProgressOut
    created: str = Field(description="UTC, ISO 8601, as the other times")
    started: str | None
    finished: str | None
    files: list[str] = Field(description="names of the files that were sent")
    documents: list[str] = Field(
        description="ids that the call named: the one to delete, or those of a JSON call (the first 1,000)"
    )
    result: ResultOut | None = Field(description="`null` until the job has ended")


class JobList(Strict):
    """Part of the list of jobs, newest first."""

    total: int
    offset: int
    jobs: list[JobOut]


def job_values(job: Job) -> dict[str, Any]:
    """A job, ready for JSON."""
    ended = job.state in ("done", "failed")
    return {
        "id": job.job_id,
        "url": job_url(job.job_id),
        "kind": job.kind,
        "state": job.state,
        "stage": None if ended else job.stage,
        "progress": {"done": job.done, "total": job.total},
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "files": [file.name for file in job.files],
        "documents": list(job.documents[:MAX_SHOWN]),
        "result": _result(job) if ended else None,
    }


def _result(job: Job) -> dict[str, Any]:
    return {
        "changed": len(job.changed),
        "documents": list(job.changed[:MAX_SHOWN]),
        "failed": len(job.failures),
        "failures": [{"name": one.name, "message": one.message} for one in job.failures[:MAX_SHOWN]],
        "generation": job.generation,
    }


def job_url(job_id: str) -> str:
    """A job's address."""
    return f"/v1/jobs/{job_id}"
