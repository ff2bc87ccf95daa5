"""Who may call what: the one table of scopes, keys, and origins.

``/v1`` and ``/mcp`` are the interface: open unless ``KARANI_REQUIRE_KEY`` says otherwise, but what changes the
corpus always wants an admin's key. All other addresses are pages and files for everybody.

A page of another site may call when its origin is listed in ``KARANI_CORS_ORIGINS``, or with a key that is
bound to it. Karani's own pages are no other site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.edge.keys import Key, Keys, Scope
from service.edge.origins import Origins, host_of
from service.problems import ProblemError
from service.settings import ServiceSettings

Headers = Mapping[bytes, bytes]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POST = frozenset({"POST"})
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALL = SAFE | _CHANGING

#: Methods, the address and what lies under it, and the scope it wants. The first row that fits decides.
POLICY: tuple[tuple[frozenset[str], str, Scope], ...] = (
    (_POST, "/v1/feedback", "write"),
    (_CHANGING, "/v1/documents", "admin"),
    (_ALL, "/v1/jobs", "admin"),
    (_ALL, "/v1", "search"),
    (_ALL, "/mcp", "search"),
)
#: What a key that stands in a page may do beyond its scope: a visitor's thumbs.
_VISITORS = "/v1/feedback"
METRICS = "/metrics"


def scope_for(method: str, path: str) -> Scope | None:
    """The scope that a call wants; ``None`` for what is public."""
    for methods, prefix, scope in POLICY:
        if method in methods and (path == prefix or path.startswith(f"{prefix}/")):
            return scope
    return None


def is_interface(path: str) -> bool:
    """Whether the address belongs to the interface, which other sites may call."""
    return path.startswith(("/v1/", "/mcp/")) or path in ("/v1", "/mcp")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key, if one was shown, and the origin that the answer may name to a browser."""

    key: Key | None = None
    origin: str | None = None


class Access:
    """Decides from method, path and headers alone; touches no disk."""

    def __init__(self, settings: ServiceSettings, keys: Keys) -> None:
        self._keys = keys
        self._require_key = settings.require_key
        self._metrics_key = settings.metrics == "key"
        self._listed = Origins(settings.cors_origins)

    def cors_origin(self, path: str, headers: Headers) -> str | None:
        """The origin that a browser may be told to let through: listed, or some living key's."""
        given = headers.get(b"origin")
        if given is None or not is_interface(path):
            return None
        origin = given.decode("latin-1")
        return origin if origin in self._listed or self._keys.bound(origin) else None

    def key_of(self, method: str, path: str, headers: Headers) -> Key | None:
        """The key shown, after every check.

        Raises:
            ProblemError: 401 or 403; the caller may not do this.
        """
        wanted = scope_for(method, path)
        if path == METRICS:
            wanted = "write" if self._metrics_key else None
        if wanted is None:
            if method not in SAFE:
                self._own_pages_only(headers)
            return None
        key = self._shown(headers)
        self._check_origin(key, headers)
        if key is None:
            if self._require_key or wanted == "admin" or path == METRICS:
                raise _unauthorised("key-required", "ต้องใช้กุญแจ API", "this call wants an API key")
        elif not (key.reaches(wanted) or (path == _VISITORS and key.origins)):
            raise _insufficient(wanted, key)
        return key

    def _shown(self, headers: Headers) -> Key | None:
        text = _credentials(headers)
        if text is None:
            return None
        found = self._keys.verify(text)
        if isinstance(found, Key):
            self._keys.used(found)
            return found
        thai, english = _UNUSABLE[found]
        raise _unauthorised(f"key-{found}", thai, english, error=True)

    def _check_origin(self, key: Key | None, headers: Headers) -> None:
        given = headers.get(b"origin")
        if key is not None and key.origins:
            if given is None:
                allowed = headers.get(b"sec-fetch-site") == b"same-origin"
            else:
                allowed = _is_own(given, headers) or given.decode("latin-1") in key.allowed
        else:
            allowed = given is None or _is_own(given, headers) or given.decode("latin-1") in self._listed
        if not allowed:
            raise foreign(key)

    def _own_pages_only(self, headers: Headers) -> None:
        """Forms of the pages are sent from the pages: what another site makes a reader's browser send is refused.

        Browsers say where a form came from by ``Sec-Fetch-Site``, older ones by ``Origin``; programs have ``/v1``.
        """
        site, given = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        own = site == b"same-origin" if site else given is not None and _is_own(given, headers)
        if not own:
            thai = "ที่อยู่นี้รับเฉพาะแบบฟอร์มจากหน้าเว็บนี้เอง โปรแกรมใช้ /v1"
            english = "this address takes forms of this site's own pages only; programs use /v1"
            raise ProblemError(403, "cross-site", thai, english)


def _credentials(headers: Headers) -> str | None:
    """The key in ``Authorization: Bearer`` or ``X-API-Key``; another scheme is a proxy's, not ours."""
    given = headers.get(b"authorization")
    if given is not None:
        scheme, _, text = given.partition(b" ")
        if scheme.lower() == b"bearer":
            return text.strip().decode("latin-1")
    alone = headers.get(b"x-api-key")
    return None if alone is None else alone.strip().decode("latin-1")


def _is_own(origin: bytes, headers: Headers) -> bool:
    """Whether Karani's own page calls: the browser's origin is the host it called.

    The scheme is left out: behind a proxy the service sees http where the browser sees https.
    """
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return bool(host) and host_of(origin.decode("latin-1")) in (
        host,
        host.removesuffix(":80"),
        host.removesuffix(":443"),
    )


_UNUSABLE = {
    "unknown": ("ไม่รู้จักกุญแจ API นี้", "this API key is not known here: check that it was copied whole"),
    "revoked": ("กุญแจ API นี้ถูกยกเลิกแล้ว", "this API key has been revoked: ask the operator for another"),
    "expired": ("กุญแจ API นี้หมดอายุแล้ว", "this API key has expired: ask the operator for another"),
}


def _unauthorised(kind: str, thai: str, english: str, *, error: bool = False) -> ProblemError:
    challenge = 'Bearer realm="karani"' + (', error="invalid_token"' if error else "")
    how = "(Authorization: Bearer KEY หรือ X-API-Key: KEY)"
    headers = {"WWW-Authenticate": challenge}
    return ProblemError(401, kind, f"{thai} {how}", f"{english} {how.replace('หรือ', 'or')}", headers=headers)


def _insufficient(wanted: Scope, key: Key) -> ProblemError:
    challenge = f'Bearer realm="karani", error="insufficient_scope", scope="{wanted}"'
    return ProblemError(
        403,
        "insufficient-scope",
        f"กุญแจนี้มี scope {key.scope} แต่ต้องใช้ {wanted}",
        f"this key has the scope {key.scope}, the call wants {wanted}",
        headers={"WWW-Authenticate": challenge},
    )


def foreign(key: Key | None) -> ProblemError:
    """403 for a page of a site that may not call."""
    if key is not None and key.origins:
        thai = "กุญแจนี้ใช้ได้เฉพาะในหน้าเว็บที่ผูกไว้"
        english = "this key works only in pages of the sites it is bound to: make another with --origin"
    else:
        thai = "เว็บไซต์นี้ยังไม่ได้รับอนุญาตให้เรียก"
        english = (
            "pages of this origin may not call: list it in KARANI_CORS_ORIGINS, or use a key bound to it"
        )
    return ProblemError(403, "origin-not-allowed", thai, english)
