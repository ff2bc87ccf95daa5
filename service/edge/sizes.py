"""How large a request's head may be: its address, its query, its headers."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from service.problems import ProblemError
from service.settings import ServiceSettings

_PATH_BYTES = 8_192
_PARAMETERS = 250
_HEADERS = 100
_HEADER_BYTES = 32_768
#: A Thai character in an address: three bytes of UTF-8, each written as three.
_BYTES_A_CHAR = 9
#: The longest parameter beside the question: the viewer's quote.
_QUOTE_CHARS = 2_000
_OTHER_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Sizes:
    """``query_bytes`` is what a query may take as it is sent, percent-encoded."""

    query_bytes: int

    def check(self, scope: Scope) -> None:
        """Look at a request's head.

        Raises:
            ProblemError: 414, address or query are too long; 422, too many parameters; 431, too many or long headers.
        """
        query: bytes = scope["query_string"]
        if len(query) > self.query_bytes or len(scope.get("raw_path") or b"") > _PATH_BYTES:
            thai, english = "ที่อยู่ยาวเกินไป ใช้ POST แทน", "the address is too long: use POST where there is one"
            raise ProblemError(414, "address-too-long", thai, english)
        if query.count(b"&") >= _PARAMETERS:
            thai, english = f"มีพารามิเตอร์เกิน {_PARAMETERS} ตัว", f"more than {_PARAMETERS} parameters"
            raise ProblemError(422, "too-many-parameters", thai, english)
        headers = scope["headers"]
        if len(headers) > _HEADERS or sum(len(name) + len(value) for name, value in headers) > _HEADER_BYTES:
            limits = f"{_HEADERS} / {_HEADER_BYTES:,} bytes"
            thai, english = f"ส่วนหัวของคำขอเกิน {limits}", f"the request's headers are over {limits}"
            raise ProblemError(431, "headers-too-large", thai, english)


def sizes_of(settings: ServiceSettings) -> Sizes:
    """The limits under which every question and quote that the settings allow can be asked."""
    return Sizes(_BYTES_A_CHAR * max(settings.max_query_chars, _QUOTE_CHARS) + _OTHER_BYTES)
