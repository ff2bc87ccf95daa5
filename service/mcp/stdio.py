"""``karani mcp``: the tools over standard input and output, for an assistant on the same machine."""

from __future__ import annotations

import asyncio
import logging
import sys

from mcp.server.stdio import stdio_server

from service.mcp.protocol import protocol_server
from service.serving import OpenEngine, Serving
from service.settings import ServiceSettings


def run(open_engine: OpenEngine, settings: ServiceSettings) -> None:
    """Serve until standard input ends. Standard output carries the protocol alone; logs go to standard error.

    Args:
        open_engine: opens the engine; tried again while there is no index, and newer ones are followed.
        settings: the service's; ``public_url`` makes citations' addresses absolute.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    asyncio.run(_serve(open_engine, settings))


async def _serve(open_engine: OpenEngine, settings: ServiceSettings) -> None:
    serving = Serving(settings, None, open_engine)
    server = protocol_server(serving.call, settings.public_url or "")
    async with stdio_server() as (incoming, outgoing):
        # Inside, so that nothing said while the engine opens can reach standard output.
        await serving.start()
        try:
            await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            await serving.stop()
