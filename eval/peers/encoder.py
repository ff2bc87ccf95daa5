"""Karani's built-in encoder as the peers load it: a folder that sentence-transformers opens.

The same vectors as Karani's own, so that what differs between the systems is everything else. Peers that load
models themselves get the folder's name and permission to run its module, `index.encoders.saturated`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "index" / "model"


def sentence_transformer() -> Any:
    """Load the encoder."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(FOLDER), trust_remote_code=True, device="cpu")
