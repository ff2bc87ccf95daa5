"""How one worker of several begins: ``python -m service.workers.beginning --data DIR …``.

Imports next to nothing before the index is being read, which then goes on while the rest is loaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from corpus.demo import demo_of
from corpus.settings import Settings
from index.publish import verify_ahead
from service.workers.place import Place


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a data directory as one of several."""
    parser = argparse.ArgumentParser(prog="service.workers.beginning", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--demo", action="store_true", help="the demo stands in for it while it is empty")
    parser.add_argument("--place", type=Place.parse, required=True)
    given = parser.parse_args(arguments)
    own = Settings.from_environment(data=given.data)
    verify_ahead(own)
    from service.corpora import Corpora
    from service.server import app_of
    from service.workers.member import join

    corpora = Corpora(own, demo_of(own) if given.demo else None)
    join(lambda settings, board: app_of(settings, corpora, board), given.place)


if __name__ == "__main__":
    main()
