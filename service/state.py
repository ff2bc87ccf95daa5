"""How a request's handler reaches what the application holds."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from service.serving import Serving


async def _serving(request: Request) -> Serving:
    return cast(Serving, request.app.state.serving)


ServingDep = Annotated[Serving, Depends(_serving)]
