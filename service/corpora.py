"""Which data directory is served: the operator's own, or the demo's while there is nothing in it."""

from __future__ import annotations

from corpus.settings import Settings
from index.engine import Engine, Opener
from index.manifest import GenerationError, Manifest
from index.publish import current_name


class Corpora:
    """The operator's own data directory, which changes go to, and what stands in for it.

    Args:
        own: the operator's.
        demo: served until the own one has a published generation with something in it; ``None`` where that was so
            at the start. Once the own one serves, it goes on to, even empty.
    """

    def __init__(self, own: Settings, demo: Settings | None = None) -> None:
        self.own = own
        self.demo = demo
        self._open_own = Opener(own)
        self._open_demo = self._open_own if demo is None else Opener(demo)

    def open(self) -> Engine:
        """Open what is to be served now.

        Raises:
            index.opening.NoIndexError: nothing has been built there yet.
            index.publish.GenerationError: every generation there is damaged.
        """
        return self._open_own() if self.demo is None or self.own_is_published() else self._open_demo()

    def is_demo(self, engine: Engine) -> bool:
        """Whether this engine serves the stand-in."""
        return self.demo is not None and engine.settings.data == self.demo.data

    def moved(self, engine: Engine) -> bool:
        """Whether another engine is to be opened instead of this one."""
        return self.is_demo(engine) and self.own_is_published()

    def own_is_published(self) -> bool:
        """Whether the own directory's current generation holds any passage."""
        name = current_name(self.own)
        try:
            return name is not None and Manifest.read(self.own.generations / name).passages > 0
        except GenerationError:
            return False
