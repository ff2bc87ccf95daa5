"""``karani serve``: one process, or a supervisor in front of several.

Imports nothing of the search before that is decided: a supervisor never needs it, and its first worker is ready the
sooner.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from corpus.settings import Settings
from service.edge.hosts import LOOPBACK, is_loopback
from service.settings import ServiceSettings
from service.workers.number import how_many

ROOT = Path(__file__).parents[2]


def run(
    settings: Settings,
    *,
    own: Settings | None = None,
    host: str | None = None,
    port: int | None = None,
    workers: int | Literal["auto"] | None = None,
) -> None:
    """Serve a data directory until SIGINT or SIGTERM; running requests have time to finish.

    Args:
        settings: names the data directory that is served first, and the encoder.
        own: the operator's data directory, where that is another one because the demo stands in for it: keys,
            feedback and changes to the corpus go there.
        host: address to listen on; ``None`` leaves it to the environment, as do the others.
        port: TCP port.
        workers: processes that serve, or ``auto``.

    Raises:
        SystemExit: the address is taken or the application could not start.
    """
    given = {"host": host, "port": port, "serve_workers": workers}
    service = ServiceSettings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    if not service.hosts and is_loopback(service.host):
        service = service.model_copy(update={"hosts": LOOPBACK})  # no page of another name may read it
    own = own or settings
    demo = settings if settings != own else None
    count = how_many(service.serve_workers, own, demo)
    if count > 1:
        _supervise(service.model_copy(update={"serve_workers": count}), own, demo)
    else:
        from index.publish import verify_ahead

        verify_ahead(settings)  # while the rest is loaded
        from service.server import run as serve

        serve(service, own, demo)


def _supervise(service: ServiceSettings, own: Settings, demo: Settings | None) -> None:
    from service.workers.supervisor import end_with, supervise

    command = [sys.executable, "-P", "-m", "service.workers.beginning", "--data", str(own.data)]
    if demo is not None:
        command.append("--demo")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **service.as_environment(os.environ),
        "PYTHONPATH": os.pathsep.join(paths),
        **own.variables,
    }
    end_with(supervise(service, command, environment))
