"""The built-in encoder: golden values, agreement with sentence-transformers, refusal of damaged files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.encoders import BUILTIN_FOLDER, EncoderError, StaticEncoder, load_encoder
from index.encoders.static import CHECKSUMS, WEIGHTS
from index.interfaces import Encoder

SENTENCES = (
    "ใครใช้ MOU กับโรงพยาบาล",
    "เทศบาลตำบลบ้านบึงทำบันทึกข้อตกลงร่วมกับโรงพยาบาล",
    "ชาวบ้านคัดแยกขยะที่ต้นทาง ขยะลดลงครึ่งหนึ่ง",
    "Which municipality signed a memorandum of understanding with the hospital?",
    "คนแก่ได้รับการดูแลที่บ้านโดย อสม.",
)


GOLDEN = (
    (0.09334, -0.03124, 0.02133, -0.02905, -0.201),
    (-0.03477, 0.01222, -0.10955, -0.19485, 0.06753),
    (0.01794, 0.03251, -0.03489, -0.04442, 0.18659),
    (0.0516, -0.05305, 0.0079, 0.05102, -0.1944),
    (-0.04874, -0.06156, -0.03461, -0.11965, 0.06731),
)
NEAREST_FIRST = ((0, 3, 1, 4, 2), (1, 0, 3, 4, 2), (2, 1, 4, 0, 3), (3, 0, 1, 4, 2), (4, 1, 3, 2, 0))


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    return StaticEncoder(BUILTIN_FOLDER, name="builtin")


def test_keeps_the_promises_of_an_encoder(encoder: StaticEncoder) -> None:
    assert isinstance(encoder, Encoder)
    assert load_encoder().revision == encoder.revision
    assert encoder.max_tokens is None
    vectors = encoder.encode_passages([SENTENCES[0], "", "!!! 💡", SENTENCES[2]])
    assert vectors.shape == (4, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 1], atol=1e-6)
    assert encoder.encode_queries([]).shape == (0, encoder.dim)


def test_golden_values(encoder: StaticEncoder) -> None:
    vectors = encoder.encode_passages(SENTENCES)
    np.testing.assert_allclose(vectors[:, :5], GOLDEN, atol=2e-5)
    assert (-(vectors @ vectors.T)).argsort(axis=1).tolist() == [list(order) for order in NEAREST_FIRST]


def test_the_mou_question_is_nearest_to_the_mou_sentences(encoder: StaticEncoder) -> None:
    vectors = encoder.encode_queries(SENTENCES)
    order = np.argsort(-(vectors @ vectors[0])).tolist()
    assert order[0] == 0
    assert set(order[1:3]) == {1, 3}


def test_spellings_of_a_word_share_its_vector(encoder: StaticEncoder) -> None:
    same = [
        ("สำคัญ", "สําคัญ"),
        ("2562", "๒๕๖๒"),
        ("mou", "MOU"),
        ("น้ำ", "นํ้า"),
        ("โรงพยา\u200bบาล", "โรงพยาบาล"),
    ]
    for left, right in same:
        np.testing.assert_array_equal(*encoder.encode_queries([left, right]))


def test_same_vectors_as_sentence_transformers(encoder: StaticEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(BUILTIN_FOLDER), device="cpu", trust_remote_code=True)
    texts = [*SENTENCES, "", "๑๒๓ ABC", "ํา" * 3, "กขค" * 200]
    theirs = model.encode(texts, convert_to_numpy=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode_passages(texts), theirs, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=40), max_size=4))
def test_rows_do_not_depend_on_their_neighbours(encoder: StaticEncoder, texts: list[str]) -> None:
    together = encoder.encode_passages(texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(encoder.encode_passages([text])[0], row)


def test_token_table_agrees_with_the_pooled_vector(encoder: StaticEncoder) -> None:
    text = f"{SENTENCES[1]} โรงพยาบาล โรงพยาบาล โรงพยาบาล โรงพยาบาล"
    (rows,) = encoder.rows([text])
    kinds, counts = np.unique(rows, return_counts=True)
    assert counts.max() >= 4
    total = np.sqrt(counts) @ encoder.vectors[kinds]  # the fourth repetition counts half of the first two
    np.testing.assert_allclose(total / np.linalg.norm(total), encoder.encode_queries([text])[0], atol=1e-6)
    np.testing.assert_allclose(encoder.pooled(rows), encoder.encode_passages([text])[0], atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(encoder.vectors[rows], axis=1), encoder.norms[rows], rtol=1e-5)
    assert encoder.count_tokens([text]) == [len(rows)]


def test_the_leading_numbers_tell_which_tokens_are_alike(encoder: StaticEncoder) -> None:
    words = ["แพทย์", "หมอ", "ถนน", "ขยะ", "นักเรียน", "งบประมาณ"]
    rows = np.concatenate([encoder.rows([word])[0] for word in words])
    assert len(rows) == len(words)
    units = encoder.vectors[rows] / encoder.norms[rows][:, None]
    exact, short = units @ units.T, encoder.directions(rows) @ encoder.directions(rows).T
    assert np.abs(exact - short).max() < 0.25
    assert short[0].argsort()[::-1][1] == exact[0].argsort()[::-1][1] == 1


def test_weights_fit_the_package() -> None:
    assert (BUILTIN_FOLDER / WEIGHTS).stat().st_size <= 40_500_000


@pytest.mark.parametrize("damage", ["flip", "missing", "unlisted"])
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BUILTIN_FOLDER, folder)
    if damage == "flip":
        data = bytearray((folder / WEIGHTS).read_bytes())
        data[-1] ^= 1
        (folder / WEIGHTS).write_bytes(data)
    else:
        (folder / (WEIGHTS if damage == "missing" else CHECKSUMS)).unlink()
    with pytest.raises(EncoderError, match="KARANI_ENCODER"):
        StaticEncoder(folder)
