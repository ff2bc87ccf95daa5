"""What keys, limits, metrics and logs cost: ``make throughput``.

Serves the same engine three times, each in a process of its own: *minimal*, a FastAPI application of one route with two
parameters that calls the engine; *endpoint*, the service's own search endpoint without any layer around it; *full*,
the service as shipped, with a key shown, limits, metrics and JSON logs into a file. ``wrk`` asks them in turns with the
demo questions: once with the real engine on the demo cases, once with an engine that answers at once, which shows
what the layers themselves cost.

``python -m tests.service.throughput DATA [--seconds 4] [--rounds 4]``, DATA being a data directory with a built index.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from corpus.settings import Settings
from index.engine import Engine
from index.hits import SearchResult, as_dict
from service import search
from service.app import create_app
from service.asked import Asked
from service.database import Database
from service.edge.keys import Keys
from service.server import server
from service.serving import Serving
from service.settings import ServiceSettings
from tests.service.process import ROOT, free_port

QUESTIONS = ROOT / "eval" / "demo" / "queries.jsonl"
CONNECTIONS = 8
ENOUGH = 0.6
KINDS = ("minimal", "endpoint", "full")


class Encoder:
    """Names the engine below."""

    name = "instant"


class InstantEngine:
    """Answers at once with nothing."""

    generation = "g"
    fault = ""
    encoder = Encoder()

    def reload(self, **_: Any) -> bool:
        return False

    def search(self, query: str, **_: Any) -> SearchResult:
        return SearchResult(query, 0.0, "g", "instant", None, (), {})


def serve(kind: str, engine_kind: str, data: Path, port: int, database: Path) -> None:
    """One of the three, until it is stopped."""
    settings = ServiceSettings(port=port, reload_seconds=3600, demo=True)
    engine: Any = None if engine_kind == "real" else InstantEngine()
    opener = partial(Engine.open, Settings(data=data)) if engine_kind == "real" else None
    if kind == "full":
        app = create_app(settings, engine, open_engine=opener, database=database)
        server(app, settings, whole_process=True).run()
        return
    serving = Serving(settings, engine, opener)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await serving.start()
        yield
        await serving.stop()

    app = FastAPI(lifespan=lifespan)
    if kind == "minimal":
        _add_route(app, serving)
    else:
        app.state.serving = serving
        app.state.asked = Asked(Database(None), settings)
        app.include_router(search.router)
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


def _add_route(app: FastAPI, serving: Serving) -> None:
    @app.get("/v1/search")
    async def ask_engine(q: str, k: int = 10) -> JSONResponse:
        return JSONResponse(await serving.call(lambda engine: as_dict(engine.search(q, k=k))))


@dataclass(frozen=True)
class Subject:
    """A process that serves: its address, what wrk sends it, and what it has spent."""

    address: str
    script: Path
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time so far: unlike the clock it does not count what other programs take."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(kind: str, engine: str, data: Path, folder: Path) -> Iterator[Subject]:
    """A process that serves."""
    port, key = free_port(), ""
    environment = {**os.environ, "KARANI_LOG_FORMAT": "json"}
    database = folder / f"{kind}-{engine}.sqlite"
    if kind == "full":
        kept = Database(database)
        _, key = Keys(kept).create("wrk")
        kept.close()
        environment |= {"KARANI_REQUIRE_KEY": "1", "KARANI_RATE_SEARCH": "100000000/minute"}
    with (folder / f"{kind}-{engine}.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.service.throughput", str(data), "--serve", kind, engine]
        process = subprocess.Popen(
            [*command, str(port), str(database)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        _wait(f"http://127.0.0.1:{port}/v1/search?q=MOU", key, process)
        yield Subject(f"http://127.0.0.1:{port}", script(folder, key), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(url: str, key: str, process: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(url, headers={"X-API-Key": key} if key else {})  # noqa: S310
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("a service did not start")


def script(folder: Path, key: str, questions: Path = QUESTIONS) -> Path:
    """What wrk sends: the demo questions or others, one after the other."""
    lines = questions.read_text(encoding="utf-8").splitlines()
    paths = [f"/v1/search?q={quote(json.loads(line)['text'])}" for line in lines]
    listed = ",\n".join(json.dumps(path) for path in paths)
    header = f'wrk.headers["X-API-Key"] = "{key}"\n' if key else ""
    path = folder / f"ask-{'keyed' if key else 'open'}.lua"
    path.write_text(
        f"{header}local paths = {{\n{listed}\n}}\nlocal n = 0\n"
        "request = function()\n  n = n % #paths + 1\n  return wrk.format('GET', paths[n])\nend\n",
        encoding="utf-8",
    )
    return path


def ask(subject: Subject, seconds: int) -> tuple[float, float]:
    """Requests a second, and the process' own milliseconds of CPU for each; an answer that is no 2xx ends it all."""
    before = subject.cpu_seconds()
    rate, count = asked(subject.address, subject.script, seconds)
    return rate, 1000 * (subject.cpu_seconds() - before) / max(1, count)


def asked(address: str, lua: Path, seconds: int) -> tuple[float, int]:
    """Requests a second and their number; an answer that is no 2xx ends it all."""
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    done = subprocess.run(
        [program, "-t1", "--timeout", "30s", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(lua), address],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(done.stdout)
    rate, count = (
        re.search(r"Requests/sec:\s+([\d.]+)", done.stdout),
        re.search(r"(\d+) requests in", done.stdout),
    )
    assert rate is not None
    assert count is not None
    return float(rate[1]), int(count[1])


def measure(engine: str, data: Path, seconds: int, rounds: int) -> float:
    """All in turns; prints a line and gives the share of the minimal one's throughput that the full one keeps."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    costs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        served = {kind: stack.enter_context(started(kind, engine, data, folder)) for kind in KINDS}
        for kind in KINDS:
            ask(served[kind], 1)
        for turn in range(rounds):
            for kind in KINDS if turn % 2 else reversed(KINDS):
                rate, cost = ask(served[kind], seconds)
                rates[kind].append(rate)
                costs[kind].append(cost)
    median = statistics.median
    told = "  ".join(f"{kind} {median(rates[kind]):7.1f}/s {median(costs[kind]):6.3f} ms" for kind in KINDS)
    shares = {kind: _share(rates[kind], rates["full"]) for kind in KINDS[:2]}
    work = median(costs["minimal"]) / median(costs["full"])
    compared = ", ".join(f"of {kind} {share:.1%}" for kind, share in shares.items())
    rounds_told = "; ".join(
        "/".join(f"{rate:.0f}" for rate in turn) for turn in zip(*rates.values(), strict=True)
    )
    sys.stdout.write(
        f"{engine:<8} {told}   full keeps {compared}; by CPU {work:.1%}   (rounds: {rounds_told})\n"
    )
    sys.stdout.flush()
    return shares["minimal"]


def _share(bare: list[float], full: list[float]) -> float:
    return statistics.median(kept / alone for alone, kept in zip(bare, full, strict=True))


def main() -> int:
    """Measure; exit 1 when too little of the minimal one's throughput is left with the real engine."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a data directory with a built index")
    parser.add_argument("--seconds", type=int, default=4, help="of each wrk run")
    parser.add_argument("--rounds", type=int, default=4, help="runs of each service")
    parser.add_argument("--engine", choices=("real", "instant"), action="append", help="one of the two only")
    parser.add_argument("--serve", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        kind, engine, port, database = args.serve
        serve(kind, engine, args.data, int(port), Path(database))
        return 0
    wanted = args.engine or ("real", "instant")
    shares = {one: measure(one, args.data, args.seconds, args.rounds) for one in wanted}
    return 0 if shares.get("real", 1.0) >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
