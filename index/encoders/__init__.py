"""Encoders: the built-in static one, and any sentence-transformers model by name or folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from index.encoders.errors import EncoderError
from index.encoders.static import StaticEncoder
from index.encoders.transformer import TransformerEncoder
from index.interfaces import Encoder

BUILTIN = "builtin"
BUILTIN_FOLDER = Path(__file__).resolve().parent.parent / "model"

__all__ = [
    "BUILTIN",
    "BUILTIN_FOLDER",
    "EncoderError",
    "StaticEncoder",
    "TransformerEncoder",
    "load_encoder",
    "load_lexicon",
]


@lru_cache(maxsize=1)
def _builtin() -> StaticEncoder:
    return StaticEncoder(BUILTIN_FOLDER, name=BUILTIN)


def load_lexicon(encoder: Encoder | None) -> StaticEncoder:
    """The static encoder whose tokens and token vectors reranking uses: this one, else the built-in."""
    return encoder if isinstance(encoder, StaticEncoder) else _builtin()


def load_encoder(name: str = BUILTIN, *, revision: str | None = None) -> Encoder:
    """Load the encoder that the setting ``KARANI_ENCODER`` names.

    Args:
        name: ``builtin``, the folder of a sentence-transformers model, or a hub name such as
            ``intfloat/multilingual-e5-small``. A folder that `karani train encoder` wrote is
            loaded without torch.
        revision: hub commit that pins a hub name; ignored by folders, whose files are hashed.

    Raises:
        EncoderError: files are missing or damaged, or the hub cannot be reached.
    """
    if name == BUILTIN:
        return _builtin()
    if StaticEncoder.can_load(Path(name)):
        return StaticEncoder(Path(name))
    return TransformerEncoder(name, revision=revision)
