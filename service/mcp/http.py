"""The tools over streamable HTTP at ``/mcp``, inside the application.

Stateless, with JSON answers: any replica may serve any request, and no connection stays open. The SDK is loaded by the
first request: it takes longer to load than the rest of the service, and many services are never asked that way.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.edge.origins import Origins, host_of
from service.problems import ProblemError
from service.serving import Serving
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"
_PORT = re.compile(r":[0-9]*$")


class McpEndpoint:
    """The ASGI application behind ``/mcp``; works while `running` is entered."""

    def __init__(self, serving: Serving, settings: ServiceSettings) -> None:
        self._serving = serving
        self._settings = settings
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None
        self._stop = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        # The SDK tells of every session that it opens and closes: for this stateless use, of every request.
        logging.getLogger("mcp").setLevel(logging.WARNING)

    @property
    def route(self) -> Route:
        """POST alone: without sessions there is nothing to listen for (GET) and nothing to end (DELETE)."""
        return Route(PATH, self, methods=["POST"], include_in_schema=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve while entered, where the settings want it; may be entered again, unlike the SDK's manager."""
        if not self._settings.mcp:
            yield
            return
        self._stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._stop.set()
                self._tasks = self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        _refuse_rebinding(headers.get("origin"), headers.get("host", ""), self._settings)
        if self._tasks is None:
            raise ProblemError(503, "busy", "ระบบกำลังปิด", "the service is stopping: try again")
        if self._manager is None:
            self._manager = asyncio.get_running_loop().create_future()
            self._tasks.create_task(self._manage(self._manager, self._stop))
        manager = await asyncio.shield(self._manager)
        await manager.handle_request(scope, receive, send)

    async def _manage(self, made: asyncio.Future[StreamableHTTPSessionManager], stop: asyncio.Event) -> None:
        """Run the SDK's manager in a task of its own, from the first request to the end."""
        try:
            manager = await asyncio.to_thread(self._load)
            async with manager.run():
                made.set_result(manager)
                await stop.wait()
        except Exception as error:
            if made.done():
                raise
            made.set_exception(error)  # those who wait for it are told

    def _load(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        from service.mcp.protocol import protocol_server

        return StreamableHTTPSessionManager(
            protocol_server(self._serving.call, self._settings.public_url or ""),
            json_response=True,
            stateless=True,
            # `_refuse_rebinding` protects without a list of every name that a proxy may pass on.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=self._settings.max_body_bytes,
        )


def _refuse_rebinding(origin: str | None, host: str, settings: ServiceSettings) -> None:
    """Refuse a web page that reaches this server under a name which is not this server's.

    A page of another site can have its own name resolve to this machine and so call an assistant's tools
    from a visitor's browser, from the inside of a network; it looks like this server's own page then. Browsers
    send ``Origin`` with every POST, so requests without it are programs' and pass; other sites' origins are
    `service.edge.access`'s to decide. An own page's host must be an address (which cannot be made to resolve
    elsewhere), this machine's name, the public address, or on the list of origins.

    Raises:
        ProblemError: 403, the host is none of these.
    """
    name = _PORT.sub("", host.lower())
    if origin is None or _PORT.sub("", host_of(origin)) != name or _cannot_be_rebound(name):
        return
    if origin in Origins(settings.cors_origins) or name == urlsplit(settings.public_url or "").hostname:
        return
    thai = "ไม่รับคำขอจากเว็บนี้ ให้ผู้ดูแลตั้ง KARANI_PUBLIC_URL หรือเพิ่มใน KARANI_CORS_ORIGINS"
    english = "this web page's origin is not allowed: set KARANI_PUBLIC_URL, or add it to KARANI_CORS_ORIGINS"
    raise ProblemError(403, "origin-not-allowed", thai, english)


def _cannot_be_rebound(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
