"""The web pages as they are sent: complete before any script runs."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient

from service.pages.texts import TEXTS
from tests.service.conftest import SCRIPT

MOU = "ใครใช้ MOU กับโรงพยาบาล"


def visible(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def links(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', page)]


def test_the_empty_page_says_what_is_served_and_offers_examples(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "กรณีตัวอย่าง" in visible(page.text)
    examples = [link for link in links(page.text) if link.startswith("/?q=")]
    assert len(examples) >= 4
    for example in examples:
        assert '<mark class="evidence">' in client.get(example).text, "every example is answered"


def test_answer_evidence_and_citation(client: TestClient) -> None:
    page = client.get("/", params={"q": MOU}).text
    assert re.search(r'class="answer-text"[^>]*>เทศบาลตำบลบ้านบึง<', page)
    assert "MOU" in "".join(re.findall(r'<mark class="evidence">([^<]*)</mark>', page))
    assert "kpiebook62009" in visible(page)


def test_the_answers_link_opens_its_page_at_the_evidence(client: TestClient) -> None:
    page = client.get("/", params={"q": MOU}).text
    evidence = html.unescape("".join(re.findall(r'<mark class="evidence">([^<]*)</mark>', page)))
    link = next(
        link for link in links(page) if link.startswith("/documents/banbueng?") and link.endswith("#cite")
    )
    viewer = client.get(link).text
    assert viewer.count('id="cite"') == 1
    marked = html.unescape("".join(re.findall(r"<mark [^>]*>([^<]*)</mark>", viewer)))
    assert marked.split() == evidence.split()


def test_no_answer_is_said_and_the_nearest_are_shown(client: TestClient) -> None:
    page = visible(client.get("/", params={"q": "ราคาหุ้นเทสลาเมื่อวานปิดที่เท่าไร"}).text)
    assert "ไม่พบคำตอบ" in page
    assert "ข้อความที่ใกล้เคียง" in page
    assert "ไม่มีข้อความใดในคลังที่เกี่ยวข้อง" in visible(client.get("/", params={"q": "😀"}).text)


def boxes(page: str, facet: str) -> dict[str, tuple[int, bool]]:
    """A filter's values as its boxes show them: how many, and whether chosen."""
    found = re.findall(
        rf'<input type="checkbox" form="refine" name="{facet}" value="([^"]*)"( checked)?>.*?class="count">([\d,]+)<',
        page,
        re.DOTALL,
    )
    return {html.unescape(value): (int(count.replace(",", "")), bool(on)) for value, on, count in found}


def test_filters_of_one_kind_widen_and_of_two_kinds_narrow(client: TestClient) -> None:
    plain = client.get("/", params={"q": "ผู้สูงอายุ", "k": 50}).text
    provinces = boxes(plain, "province")
    (first, (n, _)), (second, (m, _)) = list(provinces.items())[:2]
    one = client.get("/", params={"q": "ผู้สูงอายุ", "k": 50, "province": first}).text
    both = client.get("/", params={"q": "ผู้สูงอายุ", "k": 50, "province": [first, second]}).text
    assert one.count('class="hit-link"') == n
    assert both.count('class="hit-link"') == n + m
    assert boxes(both, "province")[first] == (n, True)
    assert boxes(both, "province")[second] == (m, True)
    assert set(provinces) <= set(boxes(both, "province")), "further values can be added"
    kind, (narrowed, _) = next(iter(boxes(both, "kind").items()))
    combined = client.get(
        "/", params={"q": "ผู้สูงอายุ", "k": 50, "province": [first, second], "kind": kind}
    ).text
    assert combined.count('class="hit-link"') == narrowed < n + m


def test_every_chosen_value_has_a_chip_that_drops_it_alone(client: TestClient) -> None:
    chosen = {"q": "เทศบาล", "province": ["ชลบุรี", "เชียงใหม่"], "sort": "name", "offset": "0"}
    page = client.get("/", params=chosen).text
    chips = re.findall(r'class="chip on" href="([^"]+)"', page)
    assert [parse_qs(urlsplit(html.unescape(chip)).query) for chip in chips] == [
        {"q": ["เทศบาล"], "sort": ["name"], "province": ["เชียงใหม่"]},
        {"q": ["เทศบาล"], "sort": ["name"], "province": ["ชลบุรี"]},
    ]
    clear = re.search(r'class="clear" href="([^"]+)"', page)
    assert clear
    assert parse_qs(urlsplit(html.unescape(clear[1])).query) == {"q": ["เทศบาล"], "sort": ["name"]}
    assert page.count('type="hidden" name="province"') == 2, "the next question keeps the filters"


def test_a_value_that_finds_nothing_stays_to_be_dropped(client: TestClient) -> None:
    page = client.get("/", params={"q": "เทศบาล", "province": "ยะลา"}).text
    assert boxes(page, "province")["ยะลา"] == (0, True)
    assert "ไม่มีข้อความที่ตรงกับตัวกรอง" in page


def test_parts_go_through_all_that_was_found_once(client: TestClient) -> None:
    address, titles, seen = "/?" + urlencode({"q": "เทศบาล", "k": 4}), [], 0
    while address:
        page = client.get(address).text
        titles += re.findall(r'class="hit-link" href="([^"]+)"', page)
        assert page.count('class="hit-link"') <= 4
        assert ('class="answer-head"' in page or 'class="answer none"' in page) == (seen == 0)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address, seen = html.unescape(following[1]) if following else "", seen + 1
    everything = client.get("/v1/search", params={"q": "เทศบาล", "k": 50}).json()
    assert len(titles) == len(set(titles)) == everything["total"]
    assert [t.split("#")[0] for t in map(html.unescape, titles)] == [
        hit["citation"]["url"] for hit in everything["hits"]
    ]


def test_an_address_beyond_the_last_part_leads_back(client: TestClient) -> None:
    page = client.get("/", params={"q": "เทศบาล", "offset": 900})
    assert page.status_code == 200
    assert "ไม่มีผลลัพธ์ในส่วนนี้แล้ว" in page.text


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_sorted_by_year(client: TestClient, sort: str) -> None:
    page = client.get("/", params={"q": "เทศบาล", "sort": sort, "k": 50}).text
    years = [int(year) for year in re.findall(r"<li>พ\.ศ\. (\d{4})</li>", page.split('class="hits"')[1])]
    assert years == sorted(years, reverse=sort == "newest")
    assert len(set(years)) > 1
    assert f'<option value="{sort}" selected>' in page


def test_a_permanent_address_says_the_search_and_nothing_of_the_reader(client: TestClient) -> None:
    page = client.get(
        "/",
        params={
            "q": "เทศบาล",
            "k": "10",
            "sort": "relevance",
            "lang": "th",
            "theme": "dark",
            "utm_source": "x",
            "province": ["ชลบุรี", "เชียงใหม่"],
        },
    ).text
    permanent = re.search(r'<link rel="canonical" href="([^"]+)"', page)
    assert permanent
    assert parse_qs(urlsplit(html.unescape(permanent[1])).query) == {
        "q": ["เทศบาล"],
        "province": ["ชลบุรี", "เชียงใหม่"],
    }
    assert f'data-copy-value="{permanent[1]}"' in page
    client.cookies.clear()


def test_searches_are_kept_from_crawlers_and_cases_are_not(client: TestClient) -> None:
    noindex = '<meta name="robots" content="noindex'
    assert noindex in client.get("/", params={"q": MOU}).text
    assert noindex not in client.get("/").text
    assert noindex not in client.get("/cases").text
    robots = client.get("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    assert "Disallow: /*?q=" in robots.text
    page = client.get("/", params={"q": MOU}).text
    assert re.search(r'<meta name="description" content="เทศบาลตำบลบ้านบึง ', page)
    assert '<meta property="og:title"' in page


def test_references_stand_on_the_page_as_text(client: TestClient) -> None:
    page = visible(client.get("/", params={"q": MOU}).text)
    assert "เทศบาลตำบลบ้านบึง. (2562). " in page
    assert "@misc{banbueng-p1-" in page
    assert "http://testserver/documents/banbueng?page=1&start=" in page


def test_a_short_address_leads_to_the_passage_by_place_and_by_words(client: TestClient) -> None:
    hit = client.get("/v1/search", params={"q": MOU}).json()["hits"][0]
    page = visible(client.get("/", params={"q": MOU}).text)
    assert f"http://testserver/passages/{hit['passage_id']}" in page
    led = client.get(f"/passages/{hit['passage_id']}", follow_redirects=False)
    assert led.status_code == 302
    assert led.headers["location"].startswith(f"{hit['citation']['url']}#cite:~:text=")
    assert client.get("/passages/gone", follow_redirects=False).status_code == 404


def test_the_answers_address_carries_the_words_of_the_evidence(client: TestClient) -> None:
    page = visible(client.get("/", params={"q": MOU}).text)
    address = re.search(r"http://testserver(/documents/\S+#cite:~:text=(\S+))", page)
    assert address
    assert unquote(address[2]).startswith("เทศบาลทำบันทึกข้อตกลง")
    assert client.get(address[1]).status_code == 200


def test_colours_are_remembered_and_chosen_by_the_server(client: TestClient) -> None:
    client.cookies.clear()
    auto = client.get("/").text
    assert re.search(r"dark\.css[^>]*media=\"screen and \(prefers-color-scheme: dark\)\"", auto)
    dark = client.get("/?theme=dark")
    assert re.search(r'dark\.css[^>]*media="screen"', dark.text)
    assert "HttpOnly" in dark.headers["set-cookie"]
    assert '<meta name="color-scheme" content="dark">' in client.get("/cases").text
    light = client.get("/?theme=light").text
    assert "dark.css" not in light
    assert "dark.css" not in client.get("/documents").text
    client.get("/?theme=pink")
    assert "dark.css" not in client.get("/").text
    client.cookies.clear()


def test_a_refused_question_keeps_the_box(client: TestClient) -> None:
    page = client.get("/", params={"q": "ก" * 1001})
    assert page.status_code == 422
    assert "1,000" in page.text
    assert 'name="q"' in page.text
    assert client.get("/", params={"q": "a", "year_be": "soon"}).status_code == 422


def test_foreign_parameters_do_not_break_a_shared_link(client: TestClient) -> None:
    assert client.get("/", params={"q": MOU, "utm_source": "mail"}).status_code == 200


def test_english_is_remembered(client: TestClient) -> None:
    client.cookies.clear()
    assert '<html lang="th">' in client.get("/").text
    english = client.get("/", params={"q": MOU, "lang": "en"})
    assert '<html lang="en">' in english.text
    assert "Passages found" in english.text
    cookie = english.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "All documents" in client.get("/documents").text
    back = next(link for link in links(english.text) if "lang=th" in link)
    assert parse_qs(back[1:])["q"] == [MOU]
    assert '<html lang="th">' in client.get(f"/{back}").text
    client.cookies.clear()


def test_every_text_has_both_languages() -> None:
    for thai, english in TEXTS.values():
        assert thai
        assert english
        assert sorted(re.findall(r"{(\w+)}", thai)) == sorted(re.findall(r"{(\w+)}", english))


@pytest.mark.parametrize(
    "path",
    ["/?q=ขยะอันตราย", "/documents", "/documents/evil", "/documents/evil?page=1&source=1", "/cases"],
)
def test_markup_in_documents_is_text(odd_client: TestClient, path: str) -> None:
    page = odd_client.get(path).text
    assert SCRIPT not in page
    assert not re.search(r"<img (?!src=\"/static/)", page)
    assert "<b>เทศบาลตำบล</b>" not in page
    assert html.escape("<script>") in page
    assert not any(link.startswith("javascript:") for link in links(page))


@pytest.mark.parametrize(
    "q", [SCRIPT, '"><script>x</script>', "'onmouseover='x", "</title><script>x</script>"]
)
def test_markup_in_questions_is_text(client: TestClient, q: str) -> None:
    for path in ("/", "/documents", "/cases", "/documents/banbueng"):
        page = client.get(path, params={"q": q, "find": q, "page": "1", "quote": q, "province": q}).text
        assert "<script>" not in page
        assert not re.search(r"\son[a-z]+=", page)


def test_the_viewer_walks_over_the_pages_that_are_here(odd_client: TestClient) -> None:
    page = odd_client.get("/documents/pages?page=7").text
    assert {link for link in links(page) if link.startswith("/documents/pages?page=")} >= {
        "/documents/pages?page=3",
        "/documents/pages?page=9",
    }
    assert odd_client.get("/documents/pages?page=4").status_code == 404


def test_the_source_stands_beside_with_its_glyphs_shown(odd_client: TestClient) -> None:
    text = odd_client.get("/v1/documents/pages/pages/7").json()["text"]
    start = text.index("ส่งเสริม")
    link = f"/documents/pages?page=7&start={start}&end={start + len('ส่งเสริม')}&source=1"
    marks = re.findall(r"<mark [^>]*>([^<]*)</mark>", odd_client.get(link).text)
    assert marks[0] == "ส่งเสริม"
    assert "".join(marks[1:]) == "ส▯งเสริม"
    assert 'class="sheet raw"' not in odd_client.get(link.removesuffix("&source=1")).text


def test_a_long_page_is_shown_in_parts_around_the_citation(odd_client: TestClient) -> None:
    text = odd_client.get("/v1/documents/long/pages/1").json()["text"]
    start = text.index("สถานีสูบน้ำ")
    page = odd_client.get(f"/documents/long?page=1&start={start}&end={start + 11}").text
    assert re.search(r'id="cite"[^>]*>สถานีสูบน้ำ<', page)
    assert "ย่อหน้าที่ 0 " not in page
    first = odd_client.get("/documents/long?page=1").text
    assert "ย่อหน้าที่ 0 " in first
    shown, link = 0, "/documents/long?page=1"
    while link and shown < 100:  # the parts follow one another to the end
        part = odd_client.get(link).text
        shown += 1
        found = re.search(r'<a rel="next" href="([^"]*)"', part)
        link = html.unescape(found[1]) if found else ""
    assert shown > len(text) // 2000
    assert "สถานีสูบน้ำ" in part


def test_a_moved_quote_is_found_again(odd_client: TestClient) -> None:
    page = odd_client.get(
        "/documents/pages", params={"page": 3, "start": 2, "end": 8, "quote": "ธนาคารน้ำใต้ดิน"}
    ).text
    assert re.search(r'id="cite"[^>]*>ธนาคารน้ำใต้ดิน<', page)
    assert "หาให้ใหม่" in page
    gone = odd_client.get("/documents/pages", params={"page": 3, "start": 900, "end": 950}).text
    assert "ไม่พบตำแหน่งที่อ้างถึง" in gone


@pytest.mark.parametrize(
    "query", ["page=x", "page=1&start=-1&end=5", "page=1&start=9&end=2", "page=1&from=999999"]
)
def test_a_damaged_address_still_opens(client: TestClient, query: str) -> None:
    assert client.get(f"/documents/banbueng?{query}").status_code == 200


def test_lists_narrow_by_a_word(client: TestClient) -> None:
    everything = client.get("/cases").text.count("/cases/")
    some = client.get("/cases", params={"find": "เชียงใหม่"}).text.count("/cases/")
    assert 0 < some < everything
    assert "ไม่มีรายการที่ตรงกัน" in client.get("/documents", params={"find": "zzz"}).text


def test_a_case_page_tells_its_story_in_order(client: TestClient) -> None:
    listed = client.get("/v1/cases", params={"limit": 1000}).json()["cases"]
    case = next(case for case in listed if case["name"] == "เทศบาลตำบลบ้านบึง")
    page = client.get(case["url"])
    assert page.status_code == 200
    story = visible(page.text)
    told = client.get(f"/v1/cases/{case['case_id']}").json()["text"]
    places = [story.index(passage["text"].splitlines()[-1][-20:]) for passage in told]
    assert places == sorted(places)


def test_the_way_back_to_the_results(client: TestClient) -> None:
    referer = "http://testserver/?q=MOU&province=x"
    page = client.get("/documents/banbueng?page=1", headers={"referer": referer}).text
    assert "/?q=MOU&province=x" in links(page)
    for foreign in (
        "http://elsewhere.example/?q=MOU",
        "http://testserver/documents?q=MOU",
        "javascript:?q=1",
        "http://[",
    ):
        assert (
            "กลับไปผลการค้นหา"
            not in client.get("/documents/banbueng?page=1", headers={"referer": foreign}).text
        )


def test_a_suggestion_is_shown_with_the_way_back(client: TestClient) -> None:
    shown = client.get("/", params={"q": "ใครใช้ MOU กับโรงพยาบล"}).text
    assert "แสดงผลของ" in shown
    assert "ใครใช้ MOU กับโรงพยาบาล" in shown
    link = re.search(r'class="suggestion".*?href="([^"]+)"', shown, re.DOTALL)
    assert link is not None
    address = html.unescape(link[1])
    assert "exact=1" in address
    plain = client.get(address).text
    assert "แสดงผลของ" not in plain
    assert 'name="exact"' not in plain.split('id="refine"')[0]  # the next question is put right again
