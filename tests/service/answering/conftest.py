"""The demo cases served with an endpoint that writes as each test says."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.chat_server import ChatServer, write_nothing
from tests.service.conftest import running

MOU = "ใครใช้ MOU กับโรงพยาบาล"
#: True of the demo's first passage for `MOU`.
GOOD = "เทศบาลทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล [1]\n"
ALSO = "ความตกลงนี้ทำให้มี “ศูนย์แพทย์ชุมชน” เปิดขึ้นภายในเทศบาล [1]\n"


@dataclass
class Answered:
    """What a reader got."""

    events: list[tuple[str, dict[str, Any]]]
    comments: int

    @property
    def meta(self) -> dict[str, Any]:
        assert self.events[0][0] == "meta"
        return self.events[0][1]

    @property
    def done(self) -> dict[str, Any]:
        name, data = self.events[-1]
        assert name == "done"
        return data

    @property
    def sentences(self) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == "sentence"]


def read(address: str, q: str = MOU, **more: Any) -> Answered:
    """Ask and read the stream to its end."""
    request = urllib.request.Request(  # noqa: S310 - loopback only
        f"{address}/v1/answer",
        json.dumps({"q": q, **more}).encode(),
        {"content-type": "application/json", "accept": "text/event-stream"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        return parse(answer.read().decode())


def parse(stream: str) -> Answered:
    events, comments = [], 0
    for block in stream.split("\n\n"):
        if block.startswith(":"):
            comments += 1
        elif block:
            name, data = block.split("\n")
            events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return Answered(events, comments)


@pytest.fixture(scope="session")
def chat_server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def chat(chat_server: ChatServer) -> Iterator[ChatServer]:
    chat_server.asked.clear()
    chat_server.keys.clear()
    yield chat_server
    chat_server.script = write_nothing


@pytest.fixture(scope="session")
def serve(demo_engine: Engine, chat_server: ChatServer) -> Callable[..., Any]:
    def served(**changes: Any) -> Any:
        values = {
            "demo": True,
            "reload_seconds": 60,
            "answer_url": chat_server.url,
            "answer_first_seconds": 1.0,
            "answer_idle_seconds": 1.0,
            "answer_seconds": 4.0,
            "rate_answer": "off",
            **changes,
        }
        settings = ServiceSettings(**values)
        return running(create_app(settings, demo_engine), settings)

    return served


@pytest.fixture(scope="session")
def address(serve: Callable[..., Any]) -> Iterator[str]:
    with serve(answer_key="sesame-not-for-logs", answer_model="tester") as found:
        yield found
