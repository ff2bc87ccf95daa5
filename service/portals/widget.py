"""``GET /widget.js``: the search box that other sites put into their own pages, as one file.

Its parts are ordinary files in ``static/widget``, joined here at start: no build step, nothing downloaded. The
style sheet becomes a string in the script, because the widget hands it to the browser as a constructed style
sheet, which a strict ``style-src`` of the page around it does not forbid.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256, sha384

from fastapi import APIRouter, Request, Response

from service.pages.rendering import STATIC

router = APIRouter(include_in_schema=False)

FOLDER = STATIC / "widget"
#: In the order they are read: later ones use what earlier ones define.
PARTS = ("texts.js", "dom.js", "text.js", "api.js", "parts.js", "box.js", "element.js")
_KEPT = "public, max-age=31536000, immutable"
_RENEWED = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Script:
    """The joined file: its bytes, the same gzipped, what its address and a page's ``integrity`` may carry."""

    plain: bytes
    packed: bytes
    version: str
    integrity: str


def joined() -> Script:
    """Read the parts and join them into one script that leaves no global name behind."""
    style = json.dumps((FOLDER / "style.css").read_text(encoding="utf-8"), ensure_ascii=False)
    parts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in PARTS)
    text = f'// Karani search widget: docs/embedding.md\n(() => {{\n"use strict";\n\nconst STYLE = {style};\n\n{parts}}})();\n'
    plain = text.encode("utf-8")
    return Script(
        plain=plain,
        packed=gzip.compress(plain, 9, mtime=0),
        version=sha256(plain).hexdigest()[:16],
        integrity="sha384-" + b64encode(sha384(plain).digest()).decode("ascii"),
    )


SCRIPT = joined()


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The widget for any page of any origin; ``?v=VERSION`` of this very file may be kept for good."""
    packs = takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{SCRIPT.version}-gzip"' if packs else f'"{SCRIPT.version}"'
    headers = {
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Cache-Control": _KEPT if request.query_params.get("v") == SCRIPT.version else _RENEWED,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    asked = request.headers.get("if-none-match", "")
    if tag in [one.strip().removeprefix("W/") for one in asked.split(",")]:
        return Response(status_code=304, headers=headers)
    if packs:
        headers["Content-Encoding"] = "gzip"
    return Response(SCRIPT.packed if packs else SCRIPT.plain, 200, headers, "text/javascript")


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` takes gzip: named, and not refused by ``q=0`` (RFC 9110, 12.5.3)."""
    for one in accept_encoding.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        if name in {"gzip", "x-gzip"}:
            return not any(p.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for p in parameters)
    return False
