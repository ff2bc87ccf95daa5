"""Web origins: which pages of which sites may call. Written as ``scheme://host[:port]``, ``null`` or ``*``."""

from __future__ import annotations

import re
from collections.abc import Iterable

ANY = "*"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?P<port>:\d{{1,5}})?"
)


class OriginError(ValueError):
    """A text that names no origin; the message says how to write one."""


def parse(text: str) -> str:
    """The origin as browsers send it: lower case, punycode, no default port, no path.

    Raises:
        OriginError: it is no origin.
    """
    if text in ("null", ANY):
        return text
    matched = _ORIGIN.fullmatch(_ascii(text.strip().removesuffix("/").lower()))
    if matched is None or int((matched["port"] or ":1")[1:]) > 65_535:
        raise OriginError(
            f"{text!r} ไม่ใช่ที่มาของเว็บ เขียนเช่น https://portal.example.go.th หรือ https://*.example.go.th / is no origin: "
            "write scheme://host[:port] without a path, such as https://portal.example.go.th"
        )
    if matched["host"].startswith("*.") and matched["host"].count(".") < 2:
        raise OriginError(
            f"{text!r} กว้างเกินไป / is too wide: a wildcard needs a domain of two labels or more"
        )
    port = matched["port"] or ""
    return (
        f"{matched['scheme']}://{matched['host']}{'' if port == _DEFAULT_PORTS[matched['scheme']] else port}"
    )


def _ascii(text: str) -> str:
    """International names in punycode, as browsers write them; whatever cannot be so is left to fail."""
    if text.isascii():
        return text
    try:
        scheme, found, host = text.partition("://")
        labels = (label if label.isascii() else label.encode("idna").decode() for label in host.split("."))
        return f"{scheme}{found}{'.'.join(labels)}"
    except UnicodeError:
        return text


def host_of(origin: str) -> str:
    """What a browser's ``Host`` header says on that origin's own pages."""
    return origin.partition("://")[2]


class Origins:
    """A set of origins that is asked for each request: exact ones, subdomains of ``https://*.host``, or any."""

    __slots__ = ("_any", "_exact", "_suffixes")

    def __init__(self, origins: Iterable[str] = ()) -> None:
        listed = tuple(origins)
        self._any = ANY in listed
        self._exact = frozenset(one for one in listed if "*" not in one)
        wild = (one.partition("://*") for one in listed if "://*." in one)
        self._suffixes = tuple((f"{scheme}://", suffix) for scheme, _, suffix in wild)

    def __bool__(self) -> bool:
        return self._any or bool(self._exact) or bool(self._suffixes)

    def __contains__(self, origin: str) -> bool:
        if self._any or origin in self._exact:
            return True
        return any(
            origin.startswith(scheme) and origin.endswith(suffix) and "/" not in origin[len(scheme) :]
            for scheme, suffix in self._suffixes
        )
