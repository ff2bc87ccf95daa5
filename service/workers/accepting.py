"""Taking connections from a socket that several processes listen on, so that each gets its share.

The kernel wakes all of them, and whoever is quickest could take every connection of a proxy that then keeps them for
hours. So a process that has more connections than another lets go by what waits for a moment, in which the other
takes it; if none does (it is stuck, or its thread does not get the processor), it takes it all the same. The socket
is one for all: what waits in it when a process ends is taken by the others.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from socket import socket

from service.workers.board import Board, Field

_LOOK_SECONDS = 0.002
_PATIENCE_SECONDS = 0.03
#: After the process ran out of descriptors or memory.
_REST_SECONDS = 0.5
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Takes connections while `start`-ed. For one event loop.

    Args:
        sockets: that listen.
        protocol: makes what serves a connection.
        board: tells how many connections every process has.
    """

    def __init__(
        self, sockets: Sequence[socket], protocol: Callable[[], asyncio.Protocol], board: Board
    ) -> None:
        self._sockets = sockets
        self._protocol = protocol
        self._board = board
        self._loop = asyncio.get_running_loop()
        self._open = False
        self._waited_since: float | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self) -> None:
        """Take connections."""
        self._open = True
        for one in self._sockets:
            one.setblocking(False)
            self._loop.add_reader(one, self._ready, one)

    def stop(self) -> None:
        """Take none any more; what waits is left to the others."""
        self._open = False
        for one in self._sockets:
            self._loop.remove_reader(one)

    def _ready(self, listening: socket) -> None:
        if self._let_go_by():
            self._rest(_LOOK_SECONDS)
            return
        self._waited_since = None
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was faster, or its caller has gone
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._rest(_REST_SECONDS)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _let_go_by(self) -> bool:
        """Whether another process has fewer connections and has not had its moment yet."""
        others = self._board.others(Field.CONNECTIONS)
        if not others or self._board.mine(Field.CONNECTIONS) + len(self._tasks) <= min(others):
            return False
        now = self._loop.time()
        if self._waited_since is None:
            self._waited_since = now
        return now - self._waited_since < _PATIENCE_SECONDS

    def _rest(self, seconds: float) -> None:
        self.stop()
        self._open = True
        self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        if self._open:
            self.start()
