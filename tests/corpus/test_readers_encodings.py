from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers.encodings import BinaryError, decode

THAI = "เทศบาลตำบลน้ำใสทำบันทึกข้อตกลง (MOU) กับโรงพยาบาล เมื่อปี ๒๕๖๒ มีผู้ร่วม 18 ชุมชน\n"


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp874", "cp874"),
        ("tis-620", "cp874"),
        ("iso8859-11", "cp874"),
    ],
)
def test_every_common_thai_encoding_gives_the_same_text(codec: str, found: str) -> None:
    decoded = decode((THAI * 3).encode(codec))
    assert decoded.text == THAI * 3
    assert decoded.encoding == found
    assert decoded.damaged == 0


def test_windows_punctuation_is_read_as_cp874() -> None:
    assert decode("“ราคา…” – ๕ บาทต่อคน".encode("cp874")).text == "“ราคา…” – ๕ บาทต่อคน"


def test_line_ends_become_line_feeds() -> None:
    assert decode("หนึ่ง\r\nสอง\rสาม\n".encode()).text == "หนึ่ง\nสอง\nสาม\n"


def test_a_few_bad_bytes_in_utf8_are_marked_and_counted() -> None:
    data = THAI.encode() * 3
    decoded = decode(data[:100] + b"\xff" + data[100:])
    assert decoded.encoding == "utf-8"
    assert decoded.damaged == decoded.text.count("\ufffd") > 0
    assert "โรงพยาบาล" in decoded.text


def test_a_cut_download_keeps_all_whole_characters() -> None:
    decoded = decode(THAI.encode()[:-4])
    assert decoded.text.rstrip("\ufffd") in THAI
    assert decoded.encoding == "utf-8"


def test_western_single_byte_text_is_not_taken_for_thai() -> None:
    assert decode("Café déjà vu, naïve façade".encode("latin-1")).text.startswith("Caf\xe9 d")


@pytest.mark.parametrize("start", [b"%PDF-1.7\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08\x00"])
def test_known_binary_kinds_are_named(start: bytes) -> None:
    with pytest.raises(BinaryError, match=r"PDF|ZIP|PNG|GZIP"):
        decode(start + b"abc" * 50)


def test_random_bytes_are_refused() -> None:
    with pytest.raises(BinaryError):
        decode(hashlib.shake_256(b"7").digest(4096))


@given(st.text(alphabet=st.characters(min_codepoint=0x0E01, max_codepoint=0x0E3A), min_size=1, max_size=200))
def test_utf8_is_always_read_back(text: str) -> None:
    assert decode(text.encode()).text == text


@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_refusal(data: bytes) -> None:
    try:
        decoded = decode(data)
    except BinaryError:
        return
    assert "\r" not in decoded.text
    assert decoded.damaged == 0 or "\ufffd" in decoded.text
