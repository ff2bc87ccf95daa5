from __future__ import annotations

from pathlib import Path

import pytest

from corpus.limits import Limits
from corpus.readers import ReadError, html, read
from corpus.records import SourceDocument

STORY = (
    "<p>เทศบาลตำบลน้ำใสตั้งธนาคารขยะร่วมกับโรงเรียนและวัด ครัวเรือนนำขยะมาฝาก<b>ทุกวันเสาร์</b> "
    "ขยะลดลงจากเดือนละ 40 ตันเหลือ 25 ตัน และมี<a href='x'>สมาชิก</a>เพิ่มขึ้นทุกปี</p>"
)
PAGE = (
    "<!DOCTYPE html><html><head><meta charset='{charset}'><title>ธนาคารขยะน้ำใส</title>"
    "<link rel='canonical' href='https://example.org/waste'></head><body>"
    "<nav><a href='/'>หน้าแรก</a> <a href='/contact'>ติดต่อเรา</a></nav>"
    f"<article><h1>ธนาคารขยะน้ำใส</h1>{STORY}<h2>ผลที่ได้</h2>{STORY.replace('ตั้ง', 'ขยาย')}"
    "<table><tr><td>ปี</td><td>ตัน</td></tr><tr><td>2562</td><td>25</td></tr></table></article>"
    "<script>var x = 'ไม่ใช่ข้อความ';</script><footer>สงวนลิขสิทธิ์</footer></body></html>"
)


def one(path: Path) -> SourceDocument:
    [document] = list(read(path))
    assert isinstance(document, SourceDocument)
    return document


def test_the_main_text_is_read_with_its_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(PAGE.format(charset="utf-8"), encoding="utf-8")
    document = one(path)
    assert document.title == "ธนาคารขยะน้ำใส"
    assert document.reader.startswith("trafilatura ")
    assert document.metadata.get("url") == "https://example.org/waste"
    [page] = document.pages
    lines = page.text.splitlines()
    assert "# ธนาคารขยะน้ำใส" in lines
    assert "## ผลที่ได้" in lines
    assert "มาฝากทุกวันเสาร์ ขยะลดลง" in page.text
    assert "มีสมาชิกเพิ่มขึ้น" in page.text
    assert "2562" in page.text
    for chrome in ("ติดต่อเรา", "สงวนลิขสิทธิ์", "ไม่ใช่ข้อความ", "**", "example.org"):
        assert chrome not in page.text


@pytest.mark.parametrize(
    ("codec", "claimed"), [("cp874", "utf-8"), ("cp874", "tis-620"), ("utf-8", "windows-874")]
)
def test_a_wrong_claim_about_the_encoding_does_no_harm(tmp_path: Path, codec: str, claimed: str) -> None:
    path = tmp_path / "a.htm"
    path.write_bytes(PAGE.format(charset=claimed).encode(codec))
    document = one(path)
    assert document.title == "ธนาคารขยะน้ำใส"
    assert "ครัวเรือนนำขยะมาฝาก" in document.pages[0].text


def test_a_fragment_and_a_deep_page_still_give_their_text(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>สั้นมาก<br>จริง", encoding="utf-8")
    assert one(path).pages[0].text.split() == ["สั้นมาก", "จริง"]
    path.write_text("<div>" * 3000 + "ลึก" + "</div>" * 3000, encoding="utf-8")
    assert one(path).pages[0].text == "ลึก"


def test_stars_of_the_text_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<p>**ดาว *เดี่ยว และ <b>ตัวหนา</b></p>{STORY}", encoding="utf-8")
    assert "**ดาว *เดี่ยว และ ตัวหนา" in one(path).pages[0].text


def test_pages_without_a_main_part_give_all_visible_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(html, "_main_text", lambda _: "")
    path = tmp_path / "a.html"
    path.write_text(PAGE.format(charset="utf-8"), encoding="utf-8")
    [document] = html.read_html(path, "a.html", Limits())
    lines = document.pages[0].text.splitlines()
    assert "ธนาคารขยะน้ำใส" in lines
    assert lines[-1] == "สงวนลิขสิทธิ์"
    assert not any("ไม่ใช่ข้อความ" in line for line in lines)


def test_a_page_drawn_by_a_script_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<html><head><title>แอป</title></head><body><script>draw()</script></body></html>", encoding="utf-8"
    )
    with pytest.raises(ReadError, match="script"):
        list(read(path))
