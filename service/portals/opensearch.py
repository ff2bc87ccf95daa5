"""``GET /opensearch.xml``: how a browser searches here from its address bar, and its suggestions while typing.

The description is OpenSearch 1.1; suggestions come in the array form of ``application/x-suggestions+json`` that
browsers read: what was typed, then its completions.
"""

from __future__ import annotations

import json
import re
from typing import Annotated
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Request, Response

from service.pages.texts import Language, text
from service.questions import readable
from service.state import AskedDep, ServingDep

router = APIRouter(include_in_schema=False)

SUGGESTIONS = "application/x-suggestions+json"
_LIMIT = 8
_HOST = re.compile(r"[a-z0-9._:\[\]-]+", re.IGNORECASE)


@router.get("/opensearch.xml")
async def description(request: Request, lang: Annotated[str, Query(max_length=2)] = "th") -> Response:
    """The description, with addresses as the browser reached this service."""
    language: Language = "en" if lang == "en" else "th"
    body = _document(base_address(request), language)
    # The addresses are the asker's own view of this host: a cache between must not mix them.
    kept = {"Cache-Control": "private, max-age=86400"}
    return Response(body.encode(), 200, kept, "application/opensearchdescription+xml")


def base_address(request: Request) -> str:
    """``scheme://host`` of the request, as a trusted proxy passed them on; a host that is none gives ""."""
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if _HOST.fullmatch(host) else ""


def _document(base: str, language: Language) -> str:
    base = escape(base)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/" xmlns:moz="http://www.mozilla.org/2006/browser/search/">
  <ShortName>{escape(text(language, "opensearch_name"))}</ShortName>
  <Description>{escape(text(language, "opensearch_about"))}</Description>
  <Language>th</Language>
  <Language>en</Language>
  <InputEncoding>UTF-8</InputEncoding>
  <OutputEncoding>UTF-8</OutputEncoding>
  <Image width="64" height="64" type="image/svg+xml">{base}/static/icon.svg</Image>
  <Url type="text/html" method="get" template="{base}/?q={{searchTerms}}"/>
  <Url type="{SUGGESTIONS}" method="get" template="{base}/suggest/opensearch?q={{searchTerms}}"/>
  <Url type="application/opensearchdescription+xml" rel="self" template="{base}/opensearch.xml?lang={language}"/>
  <moz:SearchForm>{base}/</moz:SearchForm>
</OpenSearchDescription>
"""


@router.get("/suggest/opensearch")
async def suggestions(request: Request, serving: ServingDep, asked: AskedDep) -> Response:
    """Completions for the browser's address bar; nothing typed gives none, and nothing is refused."""
    typed = request.query_params.get("q", "")
    question = readable(typed)[: serving.settings.max_query_chars]
    past = asked.suggested()
    found = await serving.call(lambda engine: engine.suggest(question, _LIMIT, past)) if question else ()
    # One of each text: browsers show the texts alone.
    texts = list(dict.fromkeys(one.text for one in found))
    body = json.dumps([typed, texts], ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, 200, {"Cache-Control": "private, max-age=60"}, SUGGESTIONS)
