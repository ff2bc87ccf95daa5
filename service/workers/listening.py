"""The sockets that a service of several processes listens on: bound once, shared by all."""

from __future__ import annotations

import socket

_BACKLOG = 2048


def listening(host: str, port: int) -> list[socket.socket]:
    """A socket for each address that ``host`` stands for.

    Args:
        host: a name or an address.
        port: 0 takes a free one, the same for every address.

    Raises:
        OSError: an address is taken, or is none of this machine.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], port, *address[2:]))
            port = one.getsockname()[1]
            one.listen(_BACKLOG)
            one.setblocking(False)
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets
