"""Any sentence-transformers model, by hub name or folder, with its prompts and its length limit."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.encoders.errors import EncoderError
from index.interfaces import Vectors

_BGE_ENGLISH = "Represent this sentence for searching relevant passages: "
_PROMPTS: tuple[tuple[str, tuple[str, str]], ...] = (
    # Families whose configuration often lacks the prompts their authors trained with; first match wins.
    ("bge-m3", ("", "")),
    ("bge-small-en", (_BGE_ENGLISH, "")),
    ("bge-base-en", (_BGE_ENGLISH, "")),
    ("bge-large-en", (_BGE_ENGLISH, "")),
    ("e5-mistral", ("", "")),
    ("-instruct", ("", "")),
    ("e5-", ("query: ", "passage: ")),
)
_BATCH = 32


class TransformerEncoder:
    """Wraps a `SentenceTransformer`; vectors are always normalised, texts over the limit are countable."""

    def __init__(self, name: str, *, revision: str | None = None, device: str | None = None) -> None:
        """Load the model; imports torch and sentence_transformers, which takes seconds.

        Args:
            name: hub name (``BAAI/bge-m3``) or folder; it is what KARANI_ENCODER says.
            revision: hub commit to pin; a folder is pinned by the hash of its files instead.
            device: ``cpu``, ``cuda`` …; by default whatever sentence-transformers picks.

        Raises:
            EncoderError: the model is not here and cannot be fetched, or its files are damaged.
        """
        self.name = name
        self._model = _load(name, revision, device)
        self.prefixes = _prompts(name, self._model.prompts)
        limit = self._model.max_seq_length
        self.max_tokens = None if limit is None or math.isinf(limit) else int(limit)
        self.dim = int(self._model.get_embedding_dimension())
        self.revision = _folder_hash(Path(name)) if Path(name).is_dir() else _commit(self._model, revision)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text with the passage prompt and the special tokens, before anything is cut."""
        return [self._count(self.prefixes[1] + text) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows, with the query prompt; empty texts give zeros."""
        return self._encode(texts, self.prefixes[0])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dim), float32, unit rows, with the passage prompt; empty texts give zeros."""
        return self._encode(texts, self.prefixes[1])

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors: Vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        # A prompt alone would give an empty text a meaning it does not have.
        filled = [row for row, text in enumerate(texts) if text.strip()]
        if filled:
            vectors[filled] = self._model.encode(
                [texts[row] for row in filled],
                prompt=prompt,
                batch_size=_BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            ).astype(np.float32)
        return vectors

    def _count(self, text: str) -> int:
        tokenizer = self._model.tokenizer
        if hasattr(tokenizer, "encode_batch"):  # a bare `tokenizers` object, as static models have
            return len(tokenizer.encode(text, add_special_tokens=False).ids)
        return len(tokenizer(text, truncation=False, verbose=False)["input_ids"])


def _load(name: str, revision: str | None, device: str | None) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, revision=revision, device=device)
    except Exception as error:
        # The hub client, safetensors and transformers each raise their own kinds; all mean the same here.
        raise EncoderError(
            f"โหลด encoder {name!r} ไม่ได้: ตรวจชื่อหรือโฟลเดอร์ใน KARANI_ENCODER และการเชื่อมต่ออินเทอร์เน็ต "
            "หรือใช้ KARANI_ENCODER=builtin ซึ่งไม่ต้องใช้เครือข่าย / "
            f"cannot load the encoder {name!r}: check the name or folder in KARANI_ENCODER and the network, "
            f"or set KARANI_ENCODER=builtin, which needs no network ({type(error).__name__}: {error})"
        ) from error


def _prompts(name: str, configured: dict[str, str]) -> tuple[str, str]:
    query = configured.get("query") or ""
    passage = configured.get("passage") or configured.get("document") or ""
    if query or passage:
        return query, passage
    lowered = Path(name).name.lower()
    return next((prompts for family, prompts in _PROMPTS if family in lowered), ("", ""))


def _commit(model: Any, revision: str | None) -> str:
    inner = getattr(model[0], "auto_model", None)
    commit = getattr(getattr(inner, "config", None), "_commit_hash", None)
    return str(commit or revision or _weights_hash(model))


def _weights_hash(model: Any) -> str:
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(key.encode("utf-8"))
        digest.update(value.cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()


def _folder_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".md"):
        digest.update(path.relative_to(folder).as_posix().encode("utf-8") + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
