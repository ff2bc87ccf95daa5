"""A small static encoder for tests: character pairs under fixed random vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from index.encoders.static import CHECKSUMS, TOKENIZER, WEIGHTS, checksum_lines

_DIM = 64


def tiny_encoder(folder: Path) -> Path:
    """Write a StaticEmbedding folder whose words are hashed pairs of characters."""
    folder.mkdir(parents=True, exist_ok=True)
    characters = [chr(code) for code in (*range(0x20, 0x7F), *range(0x0E01, 0x0E5C))]
    vocabulary = {"[UNK]": 0}
    for first in characters:
        for second in ("", *characters):
            vocabulary[first + second] = len(vocabulary)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("..?"), "isolated")
    tokenizer.save(str(folder / TOKENIZER))
    rows = np.random.default_rng(4).normal(size=(len(vocabulary), _DIM)).astype(np.float16)
    save_file({"embedding.weight": rows}, folder / WEIGHTS)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    lines = checksum_lines(folder, [TOKENIZER, WEIGHTS, "modules.json"])
    (folder / CHECKSUMS).write_text(lines, encoding="utf-8")
    return folder
