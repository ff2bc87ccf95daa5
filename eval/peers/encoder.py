"""Karani's built-in encoder as the peers load it: a folder that sentence-transformers opens.

The same vectors as Karani's own, so that what differs between the systems is everything else. Peers that load
models themselves get the folder's name and permission to run its module, `index.encoders.saturated`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_INDEX = Path(__file__).resolve().parents[2] / "index"
FOLDER = _INDEX / "model"


def alone() -> None:
    """Let that one module be imported without the rest of its package, whose needs the peers' environment lacks."""
    package = ModuleType("index.encoders")
    package.__path__ = [str(_INDEX / "encoders")]
    sys.modules.setdefault(package.__name__, package)


alone()


def sentence_transformer() -> Any:
    """Load the encoder."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(FOLDER), trust_remote_code=True, device="cpu")
