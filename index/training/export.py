"""Writes a trained table as a model folder that both loaders read, with checksums.

The table is stored as int8 with one float32 scale a row: half of float16's size, and the error (under
1/254 of a row's largest number) is far below what training itself leaves. Tokens that are only other
spellings point at the same row. sentence-transformers reads the folder through `index.encoders.saturated`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from index.encoders.static import CHECKSUMS, MODULE, TOKENIZER, WEIGHTS, checksum_lines

_NORMALIZE = "sentence_transformers.base.modules.normalize.Normalize"
_CONFIG = {
    "__version__": {"sentence_transformers": "6.2.0"},
    "default_prompt_name": None,
    "model_type": "SentenceTransformer",
    "prompts": {"document": "", "query": ""},
    "similarity_fn_name": "cosine",
}
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": MODULE},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": _NORMALIZE},
]


def quantise(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 rows and the float32 scale of each: ``rows * scale[:, None]`` is the table again."""
    scale = np.maximum(np.abs(table).max(axis=1), 1e-12).astype(np.float32) / np.float32(127)
    return np.rint(table / scale[:, None]).astype(np.int8), scale


def turned(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The table turned so that its first numbers hold the most: all cosines stay as they are.

    The axes are the principal ones of the rows' unit vectors, so that a leading part of a vector is the best
    short form of it.
    """
    units = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    _, axes = np.linalg.eigh((units.T @ units).astype(np.float64))
    return np.ascontiguousarray(table @ axes[:, ::-1].astype(np.float32))


def export(folder: Path, tokenizer: Tokenizer, mapping: Sequence[int], table: NDArray[np.float32]) -> str:
    """Write the model folder and return its checksum listing.

    Args:
        folder: created if it is not there; files of an earlier model are overwritten.
        tokenizer: token ids in the order of ``mapping``.
        mapping: token id -> row of ``table``.
        table: (rows, dim) token vectors, not normalised: a row's length is its weight in the mean.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, scale = quantise(table)
    tokens = np.asarray(mapping, dtype=np.int32)
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    save_file({"embeddings": rows, "mapping": tokens, "weights": scale[tokens]}, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors writes files that only their owner can read
    _write_json(folder / "modules.json", _MODULES)
    _write_json(folder / "config_sentence_transformers.json", _CONFIG)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    _write_json(folder / "1_Normalize" / "config.json", {})
    names = (
        TOKENIZER,
        WEIGHTS,
        "modules.json",
        "config_sentence_transformers.json",
        "1_Normalize/config.json",
    )
    listing = checksum_lines(folder, names)
    (folder / CHECKSUMS).write_text(listing, encoding="utf-8")
    return listing


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
