"""Where data lies that is not ours to ship; a test that needs absent data says so and skips."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = Path(__file__).resolve().parent.parent.parent / "shared"


def seeds() -> Path | None:
    """The folder of the sample report pages: in or beside ``KARANI_DATASETS``, or beside the repository."""
    named = os.environ.get("KARANI_DATASETS")
    folders = [Path(named), Path(named).parent] if named else []
    return next((path / "seeds" for path in [*folders, _BESIDE] if (path / "seeds").is_dir()), None)
