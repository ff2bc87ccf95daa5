"""The kept originals over HTTP, drawn by a real process from a PDF that chromium printed."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from corpus.originals import PDF, Original, Picture
from corpus.settings import Settings
from service.pages import overlay
from service.pages.page_images import PageImages
from service.problems import ProblemError
from tests.corpus.test_readers_pdf import tiny_pdf
from tests.service.pages.pdf_corpus import NAME, QUOTE

PAGES = f"/documents/{NAME}/pages"


def place(client: TestClient, quote: str, page: int = 2) -> tuple[int, int]:
    text = client.get(f"/v1/documents/{NAME}/pages/{page}").json()["text"]
    start = text.index(quote)
    return start, start + len(quote)


@pytest.mark.parametrize("path", [f"{PAGES}/2/original.png", f"/v1{PAGES}/2/original"])
def test_a_page_is_a_picture_that_browsers_may_keep(pdf_client: TestClient, path: str) -> None:
    answer = pdf_client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert "max-age" in answer.headers["cache-control"]
    tag = answer.headers["etag"]
    sha256 = pdf_client.get(f"/v1/documents/{NAME}/pages/2").json()["sha256"]
    assert tag == f'"{sha256}-2"'
    again = pdf_client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert pdf_client.head(path).status_code == 200
    assert pdf_client.get(f"{PAGES}/1/original.png").content != answer.content


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"/v1{PAGES}/9/original", "not-found"),
        ("/v1/documents/nowhere/pages/1/original", "not-found"),
        ("/v1/documents/evil/pages/1/original", "no-original"),
        (f"/v1{PAGES}/1/original?width=9", "invalid-parameter"),
        (f"/v1{PAGES}/0/original", "invalid-parameter"),
    ],
)
def test_what_is_not_there_is_a_problem_that_says_so(pdf_client: TestClient, path: str, kind: str) -> None:
    answer = pdf_client.get(path)
    assert answer.status_code == (422 if kind == "invalid-parameter" else 404)
    assert answer.json()["type"] == f"urn:karani:problem:{kind}"


def test_without_originals_everything_goes_on(odd_client: TestClient) -> None:
    page = odd_client.get("/documents/pages?page=7&source=1").text
    assert "original.png" not in page
    assert 'class="sheet raw"' in page
    assert odd_client.get("/documents/pages/original?page=7").status_code == 404
    assert odd_client.get("/documents/pages").status_code == 200


def test_the_picture_is_described_in_the_interface(pdf_client: TestClient) -> None:
    described = pdf_client.get("/openapi.json").json()["paths"][
        "/v1/documents/{document_id}/pages/{number}/original"
    ]
    assert "image/png" in described["get"]["responses"]["200"]["content"]
    assert {"304", "404", "422", "503"} <= set(described["get"]["responses"])


def test_the_viewer_offers_the_page_and_its_text(pdf_client: TestClient) -> None:
    start, end = place(pdf_client, QUOTE)
    base = f"/documents/{NAME}?page=2&start={start}&end={end}"
    assert "original.png" not in pdf_client.get(base).text
    picture = pdf_client.get(f"{base}&source=1").text
    assert f"/pages/2/marks.svg?start={start}&amp;end={end}" in picture
    assert 'class="sheet raw"' not in picture
    text = pdf_client.get(f"{base}&source=text").text
    assert "original.png" not in text
    assert 'class="sheet raw"' in text


def test_the_cited_words_are_marked_where_they_stand(pdf_client: TestClient) -> None:
    start, end = place(pdf_client, QUOTE)
    answer = pdf_client.get(f"{PAGES}/2/marks.svg", params={"start": start, "end": end})
    assert answer.headers["content-type"] == "image/svg+xml"
    [found] = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', answer.text)
    x, y, width, height = map(int, found)
    assert 150 < x < 400
    assert 80 < y < 220, "the second block of the page"
    assert 100 < width < 450
    assert 8 < height < 40
    empty = pdf_client.get(f"{PAGES}/2/marks.svg")
    assert "<rect" not in empty.text
    assert pdf_client.get("/documents/evil/pages/1/marks.svg").status_code == 404


def test_the_file_is_a_download_and_never_a_page(pdf_client: TestClient) -> None:
    answer = pdf_client.get(f"/documents/{NAME}/original?page=2")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == PDF
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert disposition.isascii()
    assert "filename*=UTF-8''%E0%B8%A3" in disposition
    page = pdf_client.get("/documents/evil/original")
    assert page.headers["content-disposition"].startswith("attachment; ")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in page.headers["content-security-policy"]
    linked = pdf_client.get(f"/documents/{NAME}").text
    assert f"{NAME}.pdf" in linked
    assert "/original?page=1" in linked


def skeleton_picture(text: str) -> Picture:
    boxes = tuple((10 * i, 100, 10 * i + 9, 120) for i in range(len(text)))
    return Picture(b"", 1, 1, text, boxes)


def test_marks_lost_and_split_do_not_hide_a_quotation() -> None:
    drawn = skeleton_picture("x นาํ้ ใต ดิน ๓๐ y")
    assert overlay.rectangles(drawn, "น้ำใต้ดิน 30") == [(20, 100, 139, 20)]


def test_of_two_occurrences_the_one_near_the_place_is_marked() -> None:
    drawn = skeleton_picture("ขยะ และ อื่นๆ และ ขยะ")
    first, last = overlay.rectangles(drawn, "ขยะ", 0.0), overlay.rectangles(drawn, "ขยะ", 0.9)
    assert first[0][0] < last[0][0]


def test_a_quotation_with_a_few_other_letters_is_still_found_and_another_is_not() -> None:
    drawn = skeleton_picture("หน้านี้เล่าว่าธนาคารขยะลดขยะได้มากของตำบลน้ำใส")
    assert overlay.rectangles(drawn, "ธนาคารขยะลคขยะไค้มาก")
    assert overlay.rectangles(drawn, "ศูนย์แพทย์ชุมชนของเทศบาลบ้านบึง") == []
    assert overlay.rectangles(drawn, "") == []
    assert overlay.rectangles(skeleton_picture(""), "ขยะ") == []


def test_lines_become_one_rectangle_each() -> None:
    boxes = tuple(
        (100 * (i % 5), 100 + 50 * (i // 5), 100 * (i % 5) + 90, 130 + 50 * (i // 5)) for i in range(10)
    )
    assert overlay.rectangles(Picture(b"", 1, 1, "กขคงจฉชซฌญ", boxes), "กขคงจฉชซฌญ") == [
        (0, 100, 490, 30),
        (0, 150, 490, 30),
    ]


def test_a_page_asked_for_by_many_at_once_is_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.pages import page_images

    drawn: list[int] = []
    lock = threading.Lock()
    real = page_images.draw

    def counted(original: Original, number: int) -> Picture:
        with lock:
            drawn.append(number)
        return real(original, number)

    monkeypatch.setattr(page_images, "draw", counted)
    path = tmp_path / "a"
    path.write_bytes(tiny_pdf())
    images, original = PageImages(), Original(path, "a" * 64, PDF, "a.pdf")

    async def ask() -> list[Picture]:
        return await asyncio.gather(*(images.picture(original, 1) for _ in range(8)))

    found = asyncio.run(ask())
    images.close()
    assert drawn == [1]
    assert len({id(one) for one in found}) == 1


def test_what_failed_once_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"%PDF-1.4 nonsense")
    images, original = PageImages(), Original(path, "b" * 64, PDF, "b.pdf")
    for _ in range(2):
        with pytest.raises(ProblemError) as caught:
            asyncio.run(images.picture(original, 1))
        assert caught.value.status_code == 404
        path.unlink(missing_ok=True)
    images.close()


def test_kept_pictures_stay_within_their_bytes(tmp_path: Path) -> None:
    images = PageImages(most_bytes=20_000)
    for n in range(6):
        path = tmp_path / str(n)
        path.write_bytes(tiny_pdf(f"Page {n} of the town"))
        asyncio.run(images.picture(Original(path, str(n) * 64, PDF, "a.pdf"), 1))
    images.close()
    assert images.kept_bytes <= 20_000 or images.kept_pages == 1


def test_too_many_waiting_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(tiny_pdf())
    images = PageImages(at_once=1, waiting=2)

    async def ask() -> list[object]:
        originals = [Original(path, f"{n:064d}", PDF, "a.pdf") for n in range(4)]
        return await asyncio.gather(*(images.picture(one, 1) for one in originals), return_exceptions=True)

    found = asyncio.run(ask())
    images.close()
    refused = [one for one in found if isinstance(one, ProblemError)]
    assert [one.status_code for one in refused] == [503, 503]
    assert sum(isinstance(one, Picture) for one in found) == 2


def test_a_removed_original_is_said_to_be_missing(pdf_settings: Settings, pdf_client: TestClient) -> None:
    folder, aside = pdf_settings.originals, pdf_settings.originals.with_name("aside")
    shutil.move(folder, aside)
    try:
        assert pdf_client.get(f"/v1{PAGES}/1/original").json()["type"] == "urn:karani:problem:no-original"
        assert pdf_client.get(f"/documents/{NAME}?page=1&source=1").status_code == 200
    finally:
        shutil.move(aside, folder)


def test_searches_go_on_while_pages_are_drawn(pdf_client: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        pictures = [pool.submit(pdf_client.get, f"{PAGES}/{n}/original.png") for n in (1, 2)]
        assert pdf_client.get("/v1/search", params={"q": "ขยะ"}).status_code == 200
        assert all(one.result().status_code == 200 for one in pictures)
