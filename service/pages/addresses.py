"""Addresses of this site: its own, those of a page in another state, those that a form may lead back to."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request

#: What an address says about the reader's taste, not about what is shown: no part of a permanent address.
TASTES = ("lang", "theme", "thanks")


def site_of(request: Request) -> str:
    """The site's own address without a slash at its end: the operator's, else as the caller used it."""
    public: str = request.app.state.serving.settings.public_url
    return (public or str(request.base_url)).rstrip("/")


def with_parameter(request: Request, name: str, value: str) -> str:
    """The page's own address with one parameter set, relative to the page."""
    kept = [(n, v) for n, v in request.query_params.multi_items() if n not in (name, "thanks")]
    return "?" + urlencode([*kept, (name, value)], errors="replace")


def permanent(request: Request) -> str:
    """The page's own address, from the site's root, without a reader's taste."""
    kept = [(n, v) for n, v in request.query_params.multi_items() if n not in TASTES]
    query = urlencode(kept, errors="replace")
    path = request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path
    return f"{path}?{query}" if query else path


def own_address(address: str) -> str:
    """An address of this site, or the first page: nobody is sent elsewhere."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() and len(address) < 8000 else "/"
