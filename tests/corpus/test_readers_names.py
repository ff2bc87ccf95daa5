from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers.names import MOST_BYTES, MOST_CHARS, display_name

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("./\\:\x00\u202e\u200f\u200b กขาิ่ำ-_cCoOnN "),
    ),
    max_size=300,
)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("รายงานประจำปี ๒๕๖๒ (ฉบับแก้).pdf", "รายงานประจำปี ๒๕๖๒ (ฉบับแก้).pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\รายงาน.docx", "รายงาน.docx"),
        ("/absolute/path/", "path"),
        ("C:evil.txt", "evil.txt"),
        ("C:\\x\\ข่าว.html", "ข่าว.html"),
        ("a\x00.pdf", "a.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("two\r\nlines\tand\u2028more.txt", "two lines and more.txt"),
        (".htaccess", "htaccess"),
        ("...", "document"),
        ("", "document"),
        ("/", "document"),
        ("..", "document"),
        (" . .txt. ", "txt"),
        ("NUL.txt", "_NUL.txt"),
        ("con .txt", "_con.txt"),
        ('<b>"x"|?*.md', "-b--x----.md"),
        ("ิ่กา.txt", "กา.txt"),
        ("คลัง.jsonl.gz", "คลัง.jsonl.gz"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_names_that_could_mislead_are_made_safe(given_name: str, shown: str) -> None:
    assert display_name(given_name) == shown


def test_a_long_name_keeps_its_beginning_and_its_suffix() -> None:
    for letter in "aก😀":
        name = display_name(letter * 5000 + ".jsonl.gz")
        assert name.startswith(letter * 20)
        assert name.endswith(letter + ".jsonl.gz")


@given(HOSTILE)
def test_every_name_is_safe(name: str) -> None:
    shown = display_name(name)
    assert shown
    assert shown == display_name(shown)
    assert len(shown) <= MOST_CHARS
    assert len(shown.encode("utf-8")) <= MOST_BYTES
    assert not set(shown) & set('/\\<>:"|?*')
    assert all(unicodedata.category(sign)[0] != "C" for sign in shown)
    assert not shown.startswith((".", " "))
    assert not shown.endswith((".", " "))


@given(
    st.text("กขคงจาิีืุูเแโใไ่้๊๋์ำๆ๐๑๒ abc123-_", min_size=1, max_size=30), st.sampled_from([".pdf", ".txt", ".docx"])
)
def test_ordinary_thai_names_stay(stem: str, suffix: str) -> None:
    name = f"ก{' '.join(stem.split())}{suffix}"
    expected = unicodedata.normalize("NFC", name)
    assert display_name(name) == expected
