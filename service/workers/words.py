"""What the supervisor and its workers say to each other: one byte a word."""

from __future__ import annotations

UP = b"u"
"""A worker: it takes connections."""
LOOK = b"l"
"""A worker, and on to the others: look for jobs and newer indexes now."""
STOP = b"s"
"""To a worker: the service stops; say so for a while, then finish what runs."""
QUIT = b"q"
"""To a worker: finish what runs and end; a second time, end at once."""
RETIRE = b"r"
"""To a worker: end without a loss while the others go on."""


def of(said: bytes) -> list[bytes]:
    """The words of what came, one after the other."""
    return [bytes([byte]) for byte in said]
