"""``GET /portal``: try the widget, choose its look, copy the lines for another site. Complete without JavaScript."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.edge.origins import OriginError, parse
from service.pages.addresses import site_of
from service.pages.rendering import PagesDep
from service.portals import accents
from service.portals.widget import SCRIPT
from service.questions import readable
from service.state import ServingDep

router = APIRouter(include_in_schema=False)

KEY = "krn_YOUR_KEY"
_DEFAULT_SITE = "https://www.example.go.th"
_COLOUR = re.compile(r"#[0-9a-f]{6}")
#: The widget's own: saying it again would only lengthen the lines.
_USUAL = {"mode": "inline", "theme": "auto", "lang": "auto"}
_CHOICES = {
    "mode": ("inline", "modal"),
    "theme": ("auto", "light", "dark"),
    "lang": ("auto", "th", "en"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, checked: ``accent`` is ``#rrggbb`` or nothing, ``site`` an origin."""

    site: str
    accent: str
    placeholder: str
    mode: str
    theme: str
    lang: str
    site_is_wrong: bool

    @property
    def accents(self) -> tuple[str, str]:
        """The accent for light and for dark pages, or two empty texts."""
        return accents.pair(self.accent.removeprefix("#")) if self.accent else ("", "")

    @property
    def attributes(self) -> dict[str, str]:
        """What is said to the widget beyond its address and key."""
        values = {name: getattr(self, name) for name in ("mode", "theme", "lang", "placeholder")}
        return {name: value for name, value in values.items() if value and value != _USUAL.get(name)}


@router.get("/portal", response_class=HTMLResponse)
async def portal(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """The form, the widget as it would look, and what to copy."""
    chosen, base = _chosen(request), site_of(request)
    corpus = await serving.call(pages.corpus)
    return pages.render(
        request,
        "portal.html",
        corpus=corpus,
        chosen=chosen,
        choices=_CHOICES,
        key=KEY,
        command=f"karani keys create --name portal --origin {shlex.quote(chosen.site)}",
        lines=widget_lines(base, chosen),
        frame=frame_lines(base, chosen),
        pinned=script_line(base, pinned=True),
        policy=f"script-src {base}; connect-src {base}",
    )


def _chosen(request: Request) -> Chosen:
    """What the address says; what is not among the choices is the usual."""
    given = request.query_params
    site, wrong = given.get("site", "").strip(), False
    try:
        site = parse(site) if site else _DEFAULT_SITE
    except OriginError:
        site, wrong = _DEFAULT_SITE, True
    accent = given.get("accent", "").lower()
    picked = {name: given.get(f"w-{name}", "") for name in _CHOICES}
    picked = {name: value if value in _CHOICES[name] else _USUAL[name] for name, value in picked.items()}
    return Chosen(
        site=site,
        accent=accent if _COLOUR.fullmatch(accent) else "",
        placeholder=readable(given.get("placeholder", ""))[:100],
        site_is_wrong=wrong,
        **picked,
    )


def script_line(base: str, *, pinned: bool = False) -> str:
    """The line that loads the widget; ``pinned`` to the very file that is served now."""
    if not pinned:
        return f'<script src="{escape(base)}/widget.js" async></script>'
    return (
        f'<script src="{escape(base)}/widget.js?v={SCRIPT.version}"\n'
        f'  integrity="{SCRIPT.integrity}" crossorigin async></script>'
    )


def widget_lines(base: str, chosen: Chosen) -> str:
    """The lines for a page: script, element, and its colour where one was chosen."""
    said = {"endpoint": base, "key": KEY, **chosen.attributes}
    attributes = " ".join(f'{name}="{escape(value)}"' for name, value in said.items())
    light, dark = chosen.accents
    rule = f"karani-search {{ --karani-accent: {light}; --karani-accent-dark: {dark}; }}"
    colour = f"\n<style>{rule}</style>" if light else ""
    return f"{script_line(base)}\n<karani-search {attributes}></karani-search>{colour}"


def frame_lines(base: str, chosen: Chosen) -> str:
    """The lines for a page that shows the frame."""
    said = {
        "key": KEY,
        "accent": chosen.accent.removeprefix("#"),
        "theme": chosen.theme if chosen.theme != "auto" else "",
        "lang": chosen.lang if chosen.lang != "auto" else "",
        "placeholder": chosen.placeholder,
    }
    query = urlencode({name: value for name, value in said.items() if value})
    return (
        f'<script src="{escape(base)}/static/embed-parent.js" async></script>\n'
        f'<iframe src="{escape(f"{base}/embed?{query}")}"\n  title="กรณี Karani" width="100%" height="480"></iframe>'
    )
