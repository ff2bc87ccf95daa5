"""The built-in encoder as a sentence-transformers module: what ``modules.json`` of its folder names.

``SentenceTransformer(folder, trust_remote_code=True)`` finds it wherever Karani is installed and gives the vectors of
`index.encoders.static`. Nothing else imports this file, because it needs torch.
"""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - imported by sentence-transformers alone
from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: TID253
from tokenizers import Tokenizer


class SaturatedEmbedding(StaticEmbedding):
    """A bag of token vectors in which a token that stands n times counts sqrt(n) times."""

    mapping: torch.Tensor

    def __init__(self, tokenizer: Tokenizer, rows: torch.Tensor, mapping: torch.Tensor) -> None:
        """``rows``: shape (rows, dim); ``mapping``: token id -> row."""
        super().__init__(tokenizer, embedding_weights=rows)
        self.register_buffer("mapping", mapping.to(torch.int64))

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add ``sentence_embedding``, shape (texts, dim), not normalised."""
        rows, offsets = self.mapping[features["input_ids"]], features["offsets"]
        owners = torch.bucketize(torch.arange(len(rows), device=rows.device), offsets, right=True) - 1
        kinds, counts = torch.unique(owners * self.num_embeddings + rows, return_counts=True)
        sums = torch.zeros(len(offsets), self.embedding_dim, device=rows.device)
        vectors = self.embedding.weight[kinds % self.num_embeddings] * counts.sqrt()[:, None]
        features["sentence_embedding"] = sums.index_add(0, kinds // self.num_embeddings, vectors)
        return features

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,  # noqa: ARG003 - the supertype names it
        **_: Any,
    ) -> SaturatedEmbedding:
        """Read ``tokenizer.json`` and ``model.safetensors`` (as exported, or as `save` wrote them)."""
        where: dict[str, Any] = {
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        path = str(cls.load_file_path(model_name_or_path, filename="tokenizer.json", **where))
        weights = cls.load_torch_weights(model_name_or_path=model_name_or_path, **where)
        mapping = weights["mapping"].long()
        if "embedding.weight" in weights:
            return cls(Tokenizer.from_file(path), weights["embedding.weight"], mapping)
        scale = torch.ones(len(weights["embeddings"]))
        scale[mapping] = weights["weights"]
        return cls(Tokenizer.from_file(path), weights["embeddings"].float() * scale[:, None], mapping)
