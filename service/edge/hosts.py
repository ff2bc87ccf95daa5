"""Under which names this service may be asked (``Host``), against DNS rebinding.

A web page of another site can have its own name resolve to this machine, and its visitor's browser then takes this
service for the page's own: it reads whatever is open to everybody here, from the inside of a network. Only names
can be made to do that, addresses cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

ANY = "*"
#: What a service on loopback answers to besides addresses when nothing is listed.
LOOPBACK = ("localhost",)
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_PORT = re.compile(r":[0-9]*$")


def parse(text: str) -> str:
    """One name as the list holds it: lower case, without a port; ``*`` is any, ``*.name`` its subdomains.

    Raises:
        ValueError: it is no name.
    """
    name = without_port(text.strip())
    if name == ANY or _NAME.fullmatch(name) or is_address(name):
        return name
    raise ValueError(f"{text!r} is no host name: write cases.example.go.th, *.example.go.th or *")


def without_port(host: str) -> str:
    """A ``Host`` header's name or address alone."""
    return _PORT.sub("", host.lower()) if not host.endswith("]") else host.lower()


@lru_cache(maxsize=1024)
def is_address(name: str) -> bool:
    """Whether it is an IP address, in brackets or not."""
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether who listens there is reached from this machine alone."""
    return host == "localhost" or (is_address(host) and ip_address(host.strip("[]")).is_loopback)


class Hosts:
    """The names that are answered; none listed answers to any."""

    __slots__ = ("_any", "_exact", "_suffixes")

    def __init__(self, names: Iterable[str] = ()) -> None:
        listed = tuple(names)
        self._any = ANY in listed or not listed
        self._exact = frozenset((*listed, *LOOPBACK))
        self._suffixes = tuple(name[1:] for name in listed if name.startswith("*."))

    def __contains__(self, host: str) -> bool:
        if self._any:
            return True
        name = without_port(host)
        return name in self._exact or name.endswith(self._suffixes) or is_address(name)
