"""``POST /v1/feedback`` for programs, ``/feedback`` for the pages' own forms, with or without scripts."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Depends, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from index.engine import Engine
from service.database import Database
from service.feedback import MAX_COMMENT_CHARS, REASONS_AFTER, Feedback, Reason, Receipts, keep
from service.pages.addresses import own_address
from service.pages.rendering import Pages, made
from service.pages.views import Corpus
from service.parameters import no_repeats
from service.problems import documented, from_errors, invalid, not_found
from service.questions import readable
from service.schemas import Strict, valid_unicode, whole
from service.serving import Serving
from service.state import DatabaseDep, ServingDep

router = APIRouter()

_MAX_ID_CHARS = 500


class FeedbackBody(Strict):
    """One judgement on a hit: about a passage, or about a whole document."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("passage_id", "document_id")
            ]
        },
    )

    query: str = Field(description="the question as it was asked", examples=["ใครใช้ MOU กับโรงพยาบาล"])
    passage_id: str | None = Field(default=None, min_length=1, max_length=_MAX_ID_CHARS)
    document_id: str | None = Field(default=None, min_length=1, max_length=_MAX_ID_CHARS)
    relevant: bool = Field(description="whether it helps with the question")
    reason: Reason | None = Field(default=None, description="why")
    comment: str = Field(default="", max_length=MAX_COMMENT_CHARS, description="free words; nothing personal")
    rank: int | None = Field(
        default=None, ge=0, le=10_000, description="where the hit stood, from 1; 0 is the answer"
    )
    receipt: str | None = Field(
        default=None,
        max_length=100,
        description="of an earlier judgement on the same hit, which this replaces",
    )

    _whole = field_validator("rank", mode="before")(whole)
    _valid_unicode = field_validator("*")(valid_unicode)


class FeedbackKept(Strict):
    """The judgement is stored."""

    receipt: str = Field(description="send it back to add a reason or to change the judgement")


class VoteForm(BaseModel):
    """What the pages' forms send: text only."""

    query: str = ""
    passage_id: str = ""
    document_id: str = ""
    relevant: str = ""
    reason: str = ""
    comment: str = ""
    rank: str = ""
    receipt: str = ""
    back: str = "/"

    def judgement(self) -> FeedbackBody:
        """The same as a program would send it.

        Raises:
            ProblemError: 422, by name.
        """
        given: dict[str, Any] = {
            "query": self.query,
            "comment": self.comment.replace("\r\n", "\n"),
            "relevant": {"1": True, "0": False}.get(self.relevant),
            "rank": int(self.rank)
            if self.rank.isascii() and self.rank.isdigit() and len(self.rank) < 6
            else None,
        }
        named = ("passage_id", "document_id", "reason", "receipt")
        given |= {name: getattr(self, name) for name in named if getattr(self, name)}
        try:
            return FeedbackBody.model_validate(given)
        except ValidationError as error:
            raise from_errors(error.errors(), "body") from None


@router.post(
    "/v1/feedback",
    tags=["feedback"],
    summary="Say whether a hit helped",
    status_code=201,
    response_model=FeedbackKept,
    responses=documented(400, 404, 413, 422, 503),
    dependencies=[Depends(no_repeats)],
)
async def feedback(
    request: Request, given: Annotated[FeedbackBody, Body()], serving: ServingDep, database: DatabaseDep
) -> JSONResponse:
    """Kept with the index's generation for evaluation; nothing is kept about who said it."""
    receipt = await _keep(given, serving, database, receipts_of(request))
    return JSONResponse({"receipt": receipt}, 201, {"Cache-Control": "no-store"})


@router.post("/feedback", include_in_schema=False)
async def vote(
    request: Request, form: Annotated[VoteForm, Form()], serving: ServingDep, database: DatabaseDep
) -> Response:
    """A vote from one of this site's own pages; without scripts, a page that thanks and asks why.

    `service.edge.access` refuses other sites' forms.
    """
    given = form.judgement()
    receipt = await _keep(given, serving, database, receipts_of(request))
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"receipt": receipt}, 201, {"Cache-Control": "no-store"})
    back = own_address(form.back)
    if form.receipt or form.reason or form.comment:
        return RedirectResponse(_thanked(back), 303)
    values = form.model_dump() | {"receipt": receipt, "back": back}
    asked = {name: value for name, value in values.items() if value and name not in ("reason", "comment")}
    return RedirectResponse(f"/feedback?{urlencode(asked)}", 303)


@router.get("/feedback", include_in_schema=False, response_class=HTMLResponse)
async def why(request: Request, serving: ServingDep) -> HTMLResponse:
    """Thanks for a vote, and the form that asks for its reason."""
    form = VoteForm.model_validate(
        {k: v for k, v in request.query_params.items() if k in VoteForm.model_fields}
    )
    pages: Pages = request.app.state.pages
    reasons = REASONS_AFTER[form.relevant != "0"]

    def thanks(_: Engine, corpus: Corpus) -> HTMLResponse:
        values: dict[str, Any] = {"form": form, "reasons": reasons, "back": own_address(form.back)}
        return pages.render(request, "feedback.html", corpus=corpus, **values)

    return await made(serving, pages, thanks)


def receipts_of(request: Request) -> Receipts:
    """The application's receipts."""
    receipts: Receipts = request.app.state.receipts
    return receipts


def _thanked(back: str) -> str:
    address, _, _ = back.partition("#")
    return f"{address}{'&' if '?' in address else '?'}thanks=1"


async def _keep(given: FeedbackBody, serving: Serving, database: Database, receipts: Receipts) -> str:
    query = readable(given.query)
    if not query or len(given.query) > serving.settings.max_query_chars:
        raise invalid(
            "body",
            "query",
            f"ต้องเป็นคำถามยาวไม่เกิน {serving.settings.max_query_chars:,} ตัวอักษร",
            f"is a question of at most {serving.settings.max_query_chars:,} characters",
        )
    if given.passage_id is None and given.document_id is None:
        raise invalid("body", "passage_id", "ต้องระบุข้อความหรือเอกสาร", "or document_id is required")

    def work(engine: Engine) -> int:
        said = Feedback(
            query=query,
            document_id=_document_of(engine, given),
            passage_id=given.passage_id,
            relevant=given.relevant,
            reason=given.reason,
            comment=readable(given.comment),
            rank=given.rank,
        )
        amends = receipts.read(given.receipt) if given.receipt else None
        return keep(database, said, engine.generation, amends)

    return receipts.of(await serving.call(work))


def _document_of(engine: Engine, given: FeedbackBody) -> str:
    """The document that a judgement is about.

    Raises:
        ProblemError: 404, no such passage or document; 422, the passage is of another document.
    """
    if given.passage_id is None:
        assert given.document_id is not None  # noqa: S101 - checked before
        if engine.store.document(given.document_id) is None:
            raise not_found("เอกสารนี้", "document")
        return given.document_id
    passage = engine.store.passage(given.passage_id)
    if passage is None:
        raise not_found("ข้อความนี้", "passage")
    if given.document_id not in (None, passage.document_id):
        raise invalid("body", "document_id", "ข้อความนี้อยู่ในเอกสารอื่น", "the passage is of another document")
    return passage.document_id
