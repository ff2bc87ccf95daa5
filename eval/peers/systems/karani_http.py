"""Karani as it serves: ``karani serve`` in processes of its own, asked over HTTP connections that stay open.

Its log and rates are as shipped, but for the limit of questions a minute from one address, which would stop the clients.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eval.peers.runner import DOCUMENTS, installed, serve
from eval.peers.systems.karani_engine import command, data_directory, make

_START_S = 180
_TIMEOUT_S = 60


class KaraniHttp:
    """A server and one connection a thread."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._own = threading.local()

    def versions(self) -> Mapping[str, str]:
        """Karani and what serves it."""
        return installed("karani", "uvicorn", "fastapi")

    def build(self, corpus: Path, folder: Path) -> Mapping[str, Any]:
        """Make the index as the engine does, then start the server; the comparison uses the engine's own instead."""
        seconds = make(corpus, folder)
        self.open(folder)
        return seconds

    def open(self, folder: Path) -> None:
        """Start the server and wait until it is ready."""
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self._port = int(bound.getsockname()[1])
        data = str(data_directory(folder))
        self._server = subprocess.Popen(  # noqa: S603
            command("serve", "--data", data, "--port", str(self._port)),
            stdout=sys.stderr,
            env={**os.environ, "KARANI_RATE_SEARCH": "off"},
        )
        deadline = time.monotonic() + _START_S
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("karani serve did not become ready; its log says why")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            status, _ = self._get("/readyz")
        except OSError:
            return False
        return status == http.client.OK

    def _get(self, path: str) -> tuple[int, bytes]:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        connection: http.client.HTTPConnection = self._own.connection
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            del self._own.connection
            connection.close()
            raise

    def ask(self, question: str) -> Any:
        """The response's bytes."""
        status, body = self._get(f"/v1/search?q={quote(question)}&k={DOCUMENTS}")
        if status != http.client.OK:
            raise RuntimeError(f"status {status}: {body[:200].decode('utf-8', 'replace')}")
        return body

    def documents(self, answer: Any) -> Iterable[str]:
        """Documents that the hits cite."""
        return [hit["citation"]["document_id"] for hit in json.loads(answer)["hits"]]

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            try:
                self._server.wait(30)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()


if __name__ == "__main__":
    sys.exit(serve(KaraniHttp))
