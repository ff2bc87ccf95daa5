"""A service that wants keys, and a portal of another origin with a key bound to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from index.engine import Engine
from service.app import create_app
from service.database import Database
from service.edge.keys import RENEW_SECONDS, Key, Keys
from service.settings import ServiceSettings
from tests.service.conftest import running
from tests.service.portals.foreign import Site, foreign_site


@dataclass
class Portal:
    """``address`` is the service's; ``key`` is bound to ``site``, ``server_key`` to no origin."""

    address: str
    site: Site
    key: str
    server_key: str
    keys: Keys
    database: Database

    def make(self, name: str, **options: Any) -> tuple[Key, str]:
        """A key, once the service knows it."""
        made = self.keys.create(name, **options)
        time.sleep(RENEW_SECONDS * 1.5)
        return made

    def revoke(self, key: Key) -> None:
        """Withdraw a key, until the service knows it."""
        self.keys.revoke(key.key_id)
        time.sleep(RENEW_SECONDS * 1.5)

    def page(self, body: str, path: str = "/page.html", **headers: str) -> str:
        """Serve a page of the portal; ENDPOINT and KEY in it are filled in. Gives its address."""
        html = (
            '<!doctype html><html lang="th"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>portal</title></head>'
            f"<body><main><h1>ศูนย์ข้อมูลท้องถิ่น</h1>{body}</main></body></html>"
        )
        return self.site.put(path, self.filled(html), **headers)

    def filled(self, text: str) -> str:
        return text.replace("ENDPOINT", self.address).replace("KEY", self.key)


@contextmanager
def open_portal(engine: Engine, **settings: Any) -> Iterator[Portal]:
    """The service over ``engine`` with keys required, and a foreign site."""
    given = ServiceSettings(**{"demo": True, "reload_seconds": 60, "require_key": True, **settings})
    with ExitStack() as stack:
        app = create_app(given, engine)
        # Keys are made by another process in life: through a connection of its own, as here.
        database = Database(app.state.database.path)
        stack.callback(database.close)
        keys = Keys(database)
        site = stack.enter_context(foreign_site())
        key = keys.create("portal", origins=[site.origin])[1]
        server_key = keys.create("server")[1]
        address = stack.enter_context(running(app, given))
        yield Portal(address, site, key, server_key, keys, database)


def ask_in_frame(page: Any, question: str) -> Any:
    """Ask in the page's frame as a person with a mouse does, and give the frame.

    Not with the Enter key: the frame leaves its page at the key's press, and where that comes first the browser never
    says that the key was let go, which the driver waits for.
    """
    frame = page.frame_locator("iframe")
    frame.locator("input[name=q]").fill(question)
    frame.locator("form [type=submit]").click()
    return frame
