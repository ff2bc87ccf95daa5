"""One worker of a service of several processes: the same application as ever, on a socket that it shares.

`service.workers.supervisor` starts it (`service.workers.beginning`) and says over a socket when to stop. It ends by itself
when the supervisor does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.edge.middleware import Lifecycle
from service.memory import keep_little
from service.server import GentleServer, configured
from service.settings import ServiceSettings
from service.workers import words
from service.workers.accepting import Acceptor
from service.workers.board import Board, Field
from service.workers.place import Place

_BEAT_SECONDS = 0.5
MakeApp = Callable[[ServiceSettings, Board], FastAPI]


class Member(GentleServer):
    """Serves until the supervisor says so, or has gone.

    SIGTERM to a worker alone lets it go without a loss: it takes no new connection, tells those that it has to come
    again to another worker (``Connection: close``), and ends. SIGINT is the supervisor's to understand.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        lifecycle: Lifecycle,
        settings: ServiceSettings,
        board: Board,
        place: Place,
    ) -> None:
        super().__init__(config, lifecycle, settings.drain_seconds)
        self._board = board
        self._control = socket.socket(fileno=place.control)
        self._listening = [socket.socket(fileno=one) for one in place.listening]
        self._acceptor: Acceptor | None = None
        self._heart: asyncio.TimerHandle | None = None
        #: Called when another worker found something new.
        self.look: Callable[[], None] = lambda: None
        board.call_all = self._call_all

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """A signal to this worker alone."""
        if sig == signal.SIGTERM:
            self._retire()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - as above
        """Open what is served, then take connections."""
        loop = asyncio.get_running_loop()
        self._control.setblocking(False)
        loop.add_reader(self._control, self._hear)
        await super().startup([])
        self._acceptor = Acceptor(self._listening, self._protocol, self._board)
        self._board.put(Field.PID, os.getpid())
        self._beat()
        self._board.put(Field.UP, 1)
        if not self.should_exit:
            self._acceptor.start()
        self._say(words.UP)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - as above
        """As one process does; the sockets are closed with it."""
        await super().shutdown(self._listening)
        self._board.put(Field.UP, 0)
        if self._heart is not None:
            self._heart.cancel()

    async def drained(self) -> None:
        """Wait while callers are sent elsewhere, then listen no more."""
        await super().drained()
        if self._acceptor is not None:
            self._acceptor.stop()

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def _beat(self) -> None:
        self._board.beat()
        self._heart = asyncio.get_running_loop().call_later(_BEAT_SECONDS, self._beat)

    def _hear(self) -> None:
        """What the supervisor says; its silence for good is its end."""
        try:
            said = self._control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            asyncio.get_running_loop().remove_reader(self._control)
            self._stop(drains=False)
        for word in words.of(said):
            if word == words.LOOK:
                self.look()
            elif word == words.RETIRE:
                self._retire()
            else:
                self._stop(drains=word == words.STOP)

    def _retire(self) -> None:
        if self._acceptor is not None:
            self._acceptor.stop()
        self._board.put(Field.UP, 0)
        self._lifecycle.retiring = True
        self._drains = not self.should_exit
        self.should_exit = True

    def _stop(self, *, drains: bool) -> None:
        """The whole service stops."""
        self._lifecycle.stopping = True
        if self._lifecycle.retiring and self._acceptor is not None and drains:
            self._acceptor.start()  # those who wait hear it, too
        self._drains = drains
        self.force_exit = self.force_exit or (self.should_exit and not drains)
        self.should_exit = True

    def _call_all(self) -> None:
        self._say(words.LOOK)

    def _say(self, word: bytes) -> None:
        try:
            self._control.send(word)
        except OSError:
            return  # the supervisor is ending, or so far behind that it hears enough


def join(make_app: MakeApp, place: Place, settings: ServiceSettings | None = None) -> None:
    """Serve as one of several until told to stop.

    Args:
        make_app: makes the application.
        place: what the supervisor gave.
        settings: the HTTP edge's; ``None`` reads them from the environment.
    """
    keep_little()
    board = Board(place.board, place.slot)
    board.clear(place.slot)
    _count_in_files(place.slot)
    settings = (settings or ServiceSettings()).shared_by(place.workers)
    app = make_app(settings, board)
    config = configured(app, settings, whole_process=True, counted=lambda n: board.put(Field.CONNECTIONS, n))
    serving = Member(config, app.state.lifecycle, settings, board, place)
    serving.look = app.state.changing.look
    serving.run()
    if not serving.started:
        sys.exit(uvicorn.config.STARTUP_FAILURE)


def _count_in_files(slot: int) -> None:
    """Have prometheus_client keep its numbers where every worker's page can add them up.

    By the worker's number, not by its process id: the next one of that number counts on, and there are no more files
    than workers.
    """
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: slot)  # type: ignore[no-untyped-call]
