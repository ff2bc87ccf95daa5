"""``/livez`` and ``/readyz``: for whatever watches the process."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from service.problems import documented, unreachable
from service.schemas import Live, Ready
from service.state import ServingDep

router = APIRouter(tags=["running it"])


@router.get("/livez", summary="Does the process run?", response_model=Live)
async def livez() -> JSONResponse:
    """Answers as long as the event loop turns; touches nothing else."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@router.get("/readyz", summary="Can it answer questions?", response_model=Ready, responses=documented(503))
async def readyz(serving: ServingDep) -> JSONResponse:
    """503 until an index is open, and while its PostgreSQL or its Milvus cannot be reached.

    `fault` says why an older one serves than the one that should.
    """
    engine = serving.engine
    # Not on the pool that answers: a busy service is a ready one.
    if engine.store.remote:
        await asyncio.to_thread(engine.store.reach)
    if await asyncio.to_thread(engine.problem):
        raise unreachable()
    body = {
        "status": "ready",
        "generation": engine.generation,
        "encoder": engine.encoder.name,
        "fault": serving.fault or None,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
