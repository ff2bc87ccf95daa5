"""Another site: pages of another origin, with a policy of their own, that put Karani into themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript; charset=utf-8"}


@dataclass
class Site:
    """What the other site serves, by path; ``origin`` is as browsers write it."""

    origin: str
    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def put(self, path: str, body: str, **headers: str) -> str:
        """Serve ``body`` at ``path``; gives the full address."""
        self.pages[path] = (body, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.origin + path


@contextmanager
def foreign_site(host: str = "localhost") -> Iterator[Site]:
    """A site on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = site.pages.get(self.path.partition("?")[0])
            if found is None:
                self.send_error(404)
                return
            body, headers = found
            content = body.encode()
            self.send_response(200)
            self.send_header("Content-Type", TYPES[self.path.partition("?")[0].rpartition(".")[2]])
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://{host}:{served.server_port}")
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        served.shutdown()
        thread.join(10)
        served.server_close()
