"""Any sentence-transformers model: a tiny random BERT made here, with a length limit and prompts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from index.encoders import BUILTIN_FOLDER, EncoderError, StaticEncoder, TransformerEncoder, load_encoder
from index.encoders.static import TOKENIZER

LIMIT = 16


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", "query", ":"])
    )
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=15, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=LIMIT)
    SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu").save(str(folder / "e5-tiny"))
    return folder / "e5-tiny"


def test_vectors_prompts_limit_and_revision(tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    assert isinstance(encoder, TransformerEncoder)
    assert encoder.prefixes == ("query: ", "passage: ")  # the family's, by its name
    assert (encoder.dim, encoder.max_tokens) == (16, LIMIT)
    vectors = encoder.encode_passages(["a b c", "", "d e"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], atol=1e-5)
    assert not np.allclose(encoder.encode_queries(["a b c"]), vectors[:1], atol=1e-4)
    assert encoder.count_tokens(["a " * 40])[0] > LIMIT  # counted before anything is cut
    assert encoder.revision == TransformerEncoder(str(tiny)).revision


def test_prompts_of_the_configuration_win_and_change_the_revision(tiny: Path) -> None:
    before = TransformerEncoder(str(tiny)).revision
    path = tiny / "config_sentence_transformers.json"
    original = path.read_text("utf-8")
    path.write_text(
        json.dumps({**json.loads(original), "prompts": {"query": "a: ", "document": "b: "}}), "utf-8"
    )
    try:
        encoder = TransformerEncoder(str(tiny))
        assert encoder.prefixes == ("a: ", "b: ")
        assert encoder.revision != before
    finally:
        path.write_text(original, "utf-8")


def test_a_static_model_of_another_make_has_no_limit(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    ours = StaticEncoder(BUILTIN_FOLDER)
    rows = ours.vectors[ours.token_rows]
    tokenizer = Tokenizer.from_file(str(BUILTIN_FOLDER / TOKENIZER))
    plain = StaticEmbedding(tokenizer, embedding_weights=rows)
    SentenceTransformer(modules=[plain, Normalize()], device="cpu").save(str(tmp_path / "plain"))
    wrapped = load_encoder(str(tmp_path / "plain"))
    texts = ["ใครใช้ MOU กับโรงพยาบาล", "", "ขยะ"]  # no token twice: a mean points where our sum does
    np.testing.assert_allclose(wrapped.encode_queries(texts), ours.encode_queries(texts), atol=1e-5)
    assert wrapped.max_tokens is None
    assert wrapped.count_tokens(texts) == ours.count_tokens(texts)


def test_a_missing_model_names_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match="KARANI_ENCODER"):
        load_encoder(str(tmp_path / "nothing-here"))
