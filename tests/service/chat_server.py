"""A small real server of the OpenAI chat-completions protocol, whose behaviour each test scripts.

    with ChatServer() as chat:
        chat.script = lambda reply, request: reply.stream("เทศบาลทำ MOU [1]\\n")
        ... ServiceSettings(answer_url=chat.url) ...

A script writes to the socket itself, so that it can break the protocol at any byte.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Request = dict[str, Any]


class Reply:
    """What a script does to one request."""

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        self._handler = handler
        self._stopping = stopping

    def head(self, status: int = 200, media_type: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {media_type}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.raw(("\r\n".join(lines) + "\r\n\r\n").encode())

    def raw(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def event(self, data: object) -> None:
        self.raw(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode())

    def words(self, words: str | Iterable[str]) -> None:
        for word in [words] if isinstance(words, str) else words:
            self.event({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})

    def end(self) -> None:
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.event("[DONE]")

    def stream(self, text: str, size: int = 7) -> None:
        """A well-behaved reply, a few characters at a time."""
        self.head()
        self.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        self.words(text[at : at + size] for at in range(0, len(text), size))
        self.end()

    def wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def until_gone(self, seconds: float) -> bool:
        """Whether the caller hung up within that time."""
        connection = self._handler.connection
        connection.settimeout(seconds)
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


Script = Callable[[Reply, Request], None]


def write_nothing(reply: Reply, _: Request) -> None:
    reply.stream("")


class ChatServer:
    """Listens on a free loopback port while entered; ``asked`` holds the requests, ``keys`` their authorization."""

    def __init__(self) -> None:
        self.script: Script = write_nothing
        self.asked: list[Request] = []
        self.keys: list[str | None] = []
        self.finished = threading.Semaphore(0)
        self._stopping = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.keys.append(self.headers["authorization"])
                owner.asked.append({"path": self.path, **json.loads(body)})
                self.close_connection = True
                try:
                    owner.script(Reply(self, owner._stopping), owner.asked[-1])
                except OSError:
                    pass  # the caller hung up, as it may
                finally:
                    owner.finished.release()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
