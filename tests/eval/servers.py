"""Servers on this machine for tests: JSON by a function, or a whole ASGI application."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn


@contextmanager
def json_server(answer: Callable[[dict[str, str]], tuple[int, Any]]) -> Iterator[str]:
    """Serve what ``answer`` makes of the query parameters; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            values = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
            length = int(self.headers.get("Content-Length", 0))
            if length:
                values["body"] = self.rfile.read(length).decode()
            status, body = answer(values)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def asgi_server(app: Any) -> Iterator[str]:
    """Serve an application on a free port; gives the address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        for _ in range(1000):
            if server.started:
                break
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def karani_process(data: Path, log: Path) -> Iterator[str]:
    """Run `karani serve` over a data directory in a process of its own; gives the address once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, str(root / "karani.py"), "serve", "--data", str(data), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as talk:
        environment = {**os.environ, "PYTHONPATH": str(root)}
        process = subprocess.Popen(command, stdout=talk, stderr=talk, cwd=root, env=environment)
        try:
            _until_ready(process, address, log)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8', errors='replace')}")
