"""How a request's handler reaches what the application holds."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from service.asked import Asked
from service.database import Database
from service.serving import Serving


async def _serving(request: Request) -> Serving:
    return cast(Serving, request.app.state.serving)


ServingDep = Annotated[Serving, Depends(_serving)]


async def _database(request: Request) -> Database:
    return cast(Database, request.app.state.database)


DatabaseDep = Annotated[Database, Depends(_database)]


async def _asked(request: Request) -> Asked:
    return cast(Asked, request.app.state.asked)


AskedDep = Annotated[Asked, Depends(_asked)]


async def _client(request: Request) -> str:
    return request.client.host if request.client else ""


ClientDep = Annotated[str, Depends(_client)]
"""The address that asks, to tell askers apart; never stored."""
