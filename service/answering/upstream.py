"""The endpoint that writes: any server of the OpenAI chat-completions protocol, over a pooled HTTP client.

Nothing that it sends is trusted: its reply is bounded in time and size and read strictly, and every fault has
one of a few names that the reader and the metrics are told.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import httpx2

from service.answering.prompt import Message
from service.settings import ServiceSettings

Fault = Literal["away", "slow", "refused", "overloaded", "failed", "unreadable", "cut", "too-long"]
MAX_BYTES = 2_000_000
MAX_LINE_BYTES = 256_000
_CONNECT_SECONDS = 5.0
_OVERLOADED = (408, 429, 502, 503, 504)


class UpstreamError(Exception):
    """The endpoint did not write an answer.

    Attributes:
        fault: ``away`` no connection · ``slow`` a time limit passed · ``refused`` 401 or 403 · ``overloaded`` 429 and
            gateways' errors · ``failed`` any other status, or an error in the stream · ``unreadable`` no such
            protocol · ``cut`` ended in the middle · ``too-long`` over a size limit.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else fault)
        self.fault = fault


class Endpoint:
    """The configured endpoint; works while `running` is entered."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._client: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the pool of connections while entered."""
        secret = self._settings.answer_key
        key = secret.get_secret_value() if secret else ""
        async with httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            # Reading is timed by `write`, which knows a first word from a later one.
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=self._settings.answer_at_once),
            follow_redirects=False,
        ) as self._client:
            yield
        self._client = None

    async def write(self, chat: Sequence[Message]) -> AsyncGenerator[str, None]:
        """The words of the reply as they come.

        Raises:
            UpstreamError: see there. What was given before stays given: the caller decides what it is worth.
        """
        settings, loop = self._settings, asyncio.get_running_loop()
        latest = loop.time() + settings.answer_seconds
        allowed = settings.answer_first_seconds
        async with aclosing(self._words(chat)) as words:
            while True:
                try:
                    async with asyncio.timeout_at(min(latest, loop.time() + allowed)):
                        word = await anext(words, None)
                except TimeoutError:
                    raise UpstreamError("slow") from None
                if word is None:
                    return
                allowed = settings.answer_idle_seconds
                if word:
                    yield word

    async def _words(self, chat: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Words, and ``""`` for signs of life that bring none (a model that thinks first)."""
        assert self._client is not None  # noqa: S101 - entered by the application's life
        body = {
            "model": self._settings.answer_model,
            "messages": list(chat),
            "stream": True,
            "temperature": 0,
            "max_tokens": self._settings.answer_tokens,
        }
        # Compressed replies could unfold to any size.
        headers = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
        try:
            async with self._client.stream("POST", self._address(), json=body, headers=headers) as reply:
                _check_head(reply)
                async with aclosing(_lines(reply)) as lines:
                    streamed = _is(reply, "text/event-stream")
                    async with aclosing(_streamed(lines) if streamed else _whole(lines)) as words:
                        async for word in words:
                            yield word
        except httpx2.TimeoutException as error:
            raise UpstreamError("slow", type(error).__name__) from None
        except httpx2.ConnectError:
            raise UpstreamError("away") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise UpstreamError("cut", type(error).__name__) from None

    def _address(self) -> str:
        base = self._settings.answer_url or ""
        return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


def _check_head(reply: httpx2.Response) -> None:
    status = reply.status_code
    if status in (401, 403):
        raise UpstreamError("refused", f"status {status}")
    if status in _OVERLOADED:
        raise UpstreamError("overloaded", f"status {status}")
    if status != 200:
        raise UpstreamError("failed", f"status {status}")
    if reply.headers.get("content-encoding", "identity") != "identity":
        raise UpstreamError("unreadable", "compressed")
    if not (_is(reply, "text/event-stream") or _is(reply, "application/json")):
        raise UpstreamError("unreadable", "neither a stream nor JSON")


def _is(reply: httpx2.Response, media_type: str) -> bool:
    return bool(reply.headers.get("content-type", "").lower().startswith(media_type))


async def _lines(reply: httpx2.Response) -> AsyncGenerator[str, None]:
    """Whole lines of strict UTF-8, bounded each and together."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen, left = 0, ""
    try:
        async for part in reply.aiter_raw():
            seen += len(part)
            *lines, left = (left + decoder.decode(part)).replace("\r\n", "\n").split("\n")
            for line in lines:
                yield line
            if seen > MAX_BYTES or len(left) > MAX_LINE_BYTES:
                raise UpstreamError("too-long")
        left += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UpstreamError("cut" if error.reason == "unexpected end of data" else "unreadable") from None
    if left:
        yield left


async def _streamed(lines: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """The words of server-sent events; the end must be said, by ``[DONE]`` or a finish reason."""
    ended = False
    async for line in lines:
        name, _, value = line.partition(":")
        if name != "data":
            continue  # comments that keep the connection alive, event names, ids
        value = value.strip()
        if value == "[DONE]":
            return
        word, last = _delta(_json(value))
        ended = ended or last
        yield word
    if not ended:
        raise UpstreamError("cut", "no end")


async def _whole(lines: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """A reply in one piece, from an endpoint that does not stream."""
    body = "\n".join([line async for line in lines])
    choice = _choice(_json(body))
    message = choice.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, str):
        raise UpstreamError("unreadable", "no content")
    yield content


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UpstreamError("unreadable", "no JSON") from None
    if not isinstance(found, Mapping):
        raise UpstreamError("unreadable", "no object")
    if found.get("error"):
        raise UpstreamError("failed", "an error in the reply")
    return found


def _choice(found: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = found.get("choices")
    if not isinstance(choices, list):
        raise UpstreamError("unreadable", "no choices")
    first = choices[0] if choices else {}  # some send a last chunk of counts without any
    if not isinstance(first, Mapping):
        raise UpstreamError("unreadable", "no choice")
    return first


def _delta(found: Mapping[str, Any]) -> tuple[str, bool]:
    choice = _choice(found)
    delta = choice.get("delta")
    content = delta.get("content") if isinstance(delta, Mapping) else None
    return content if isinstance(content, str) else "", bool(choice.get("finish_reason"))
