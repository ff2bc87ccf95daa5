"""API keys: made, listed, withdrawn, and checked at every request.

A key is ``krn_ID_SECRET``. Only its SHA-256 is stored: the secret is 192 random bits, which
nobody can guess from a digest, so that a slow hash would only slow every request down.
Checking touches no disk: the living keys lie in memory and are read again at most half a second
after another process (`karani keys`) has written.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from service.database import Database
from service.edge.origins import ANY, OriginError, Origins, parse

_log = logging.getLogger("karani.service")
Scope = Literal["search", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
#: How long a change by another process may stay unseen, in seconds.
RENEW_SECONDS = 0.5
_PERIOD = re.compile(r"([1-9]\d{0,4})([hdwy])")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "y": 24 * 365}
_SELECT = """
    SELECT key_id, sha256, name, scope, origins, created, expires, revoked, last_used
    FROM keys ORDER BY rowid
"""
_INSERT = """
    INSERT INTO keys (key_id, sha256, name, scope, origins, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class KeyRequestError(ValueError):
    """A key that cannot be made as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of one key; times are UTC in ISO 8601, ``last_used`` to the hour."""

    key_id: str
    name: str
    scope: Scope
    origins: tuple[str, ...]
    created: str
    expires: str | None
    revoked: str | None
    last_used: str | None
    allowed: Origins = field(default=Origins(), repr=False, compare=False)

    def reaches(self, scope: Scope) -> bool:
        """Whether its scope includes ``scope``: each includes those below."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def state(self, now: str | None = None) -> Literal["living", "expired", "revoked"]:
        """Whether it opens anything at ``now``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= (now or stamp()) else "living"


@dataclass(frozen=True, slots=True)
class _Known:
    key: Key
    sha256: str
    expires: float  # seconds since 1970; infinite for keys that stay


class Keys:
    """The keys of one database. Its checks belong to one thread: the event loop's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, _Known] = {}
        self._bound = Origins()
        self._version = -1
        self._look_at = 0.0
        self._used: dict[str, str] = {}

    # -- made and withdrawn --------------------------------------------------------

    def create(
        self, name: str, scope: Scope = "search", origins: Iterable[str] = (), expires: str | None = None
    ) -> tuple[Key, str]:
        """A new key and its text, which is shown now and never again.

        Raises:
            KeyRequestError: the name is empty, an origin is none, or a browser's key may do more than search.
        """
        name = name.strip()
        if not name or len(name) > 200 or not name.isprintable():
            raise KeyRequestError(
                "ชื่อของกุญแจต้องมี 1-200 ตัวอักษร / a key's name has 1 to 200 printable characters"
            )
        bound = _bound(origins, scope)
        key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(24)
        text = f"krn_{key_id}_{secret}"
        key = Key(key_id, name, scope, bound, stamp(), expires, None, None)
        values = (key_id, digest(text), name, scope, json.dumps(bound), key.created, expires)
        with self._database.writing() as connection:
            connection.execute(_INSERT, values)
        self._look_at, self._version = 0.0, -1
        return key, text

    def all(self) -> list[Key]:
        """All keys, the newest last; withdrawn and expired ones too."""
        return [known.key for known in self._read()]

    def revoke(self, key_id: str) -> Key | None:
        """Withdraw a key for good; ``None`` when there is no such key. Twice is no fault."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE keys SET revoked = ? WHERE key_id = ? AND revoked IS NULL", (stamp(), key_id)
            )
        self._look_at, self._version = 0.0, -1
        return next((key for key in self.all() if key.key_id == key_id), None)

    # -- checked at every request --------------------------------------------------

    def verify(self, text: str) -> Key | Literal["unknown", "revoked", "expired"]:
        """The living key that ``text`` is, or why it opens nothing."""
        self._renew()
        given = digest(text)
        known = self._known.get(given)
        if known is None or not hmac.compare_digest(known.sha256, given):
            return "unknown"
        if known.key.revoked is not None:
            return "revoked"
        if known.expires <= time.time():
            return "expired"
        return known.key

    def used(self, key: Key) -> None:
        """Remember that it was used this hour; `flush` writes it."""
        self._used[key.key_id] = ""

    def bound(self, origin: str) -> bool:
        """Whether some living key is bound to ``origin``: what a browser's preflight may know."""
        self._renew()
        return origin in self._bound

    def flush(self) -> None:
        """Write which keys were used, to the hour; for a thread beside the event loop, now and then."""
        used, self._used = self._used, {}
        hour = datetime.now(UTC).strftime("%Y-%m-%dT%H:00:00Z")
        stale = [(hour, key_id, hour) for key_id in used]
        if not stale:
            return
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE keys SET last_used = ? WHERE key_id = ? AND ifnull(last_used, '') < ?", stale
            )

    def _renew(self) -> None:
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + RENEW_SECONDS
        try:
            version = self._database.version
            if version == self._version and not self._expired():
                return
            self._known = {known.sha256: known for known in self._read()}
            self._version = version
        except sqlite3.Error:
            # A disk in trouble must not shut everybody out: the keys known so far go on opening.
            _log.exception("the keys could not be read again; those known so far stay in force")
            return
        living = (known.key for known in self._known.values() if known.key.state() == "living")
        self._bound = Origins(origin for key in living for origin in key.origins)

    def _expired(self) -> bool:
        """Whether a key bound to origins has run out since the last look."""
        now = time.time()
        return any(
            known.expires <= now and known.key.origins and known.key.revoked is None
            for known in self._known.values()
        )

    def _read(self) -> list[_Known]:
        rows = self._database.rows(_SELECT)
        return [_known(row) for row in rows]


def _known(row: tuple[Any, ...]) -> _Known:
    key_id, sha256, name, scope, origins, created, expires, revoked, last_used = row
    bound = tuple(json.loads(origins))
    key = Key(key_id, name, scope, bound, created, expires, revoked, last_used, Origins(bound))
    until = datetime.fromisoformat(expires).timestamp() if expires else float("inf")
    return _Known(key, sha256, until)


def _bound(origins: Iterable[str], scope: Scope) -> tuple[str, ...]:
    try:
        bound = tuple(dict.fromkeys(parse(origin) for origin in origins))
    except OriginError as error:
        raise KeyRequestError(str(error)) from None
    if ANY in bound:
        raise KeyRequestError(
            "กุญแจที่ใช้ได้ทุกเว็บไม่ต้องระบุ origin / a key for every site is one without origins; a widget's key names its sites"
        )
    if bound and scope != "search":
        raise KeyRequestError(
            "กุญแจที่อยู่ในหน้าเว็บใครก็อ่านได้ จึงมีได้แค่ scope search / everybody can read a key that stands in a page: "
            "with origins, the scope is search"
        )
    return bound


def digest(text: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def stamp(moment: datetime | None = None) -> str:
    """A moment, else now, in UTC to the second."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def expiry(text: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """``90d``, ``12h``, ``2w``, ``1y`` from now, or a date: the first moment at which the key is refused.

    Raises:
        KeyRequestError: neither of these, or gone by.
    """
    matched = _PERIOD.fullmatch(text)
    if matched:
        return stamp(now() + timedelta(hours=int(matched[1]) * _HOURS[matched[2]]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise KeyRequestError(
            f"{text!r}: เขียนเช่น 90d, 12h, 1y หรือ 2027-01-31 / write a period (90d, 12h, 1y) or a date (2027-01-31)"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now():
        raise KeyRequestError(f"{text!r}: เป็นเวลาที่ผ่านไปแล้ว / is in the past")
    return stamp(moment.astimezone(UTC))
