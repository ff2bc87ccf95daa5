"""The pages one reads, as they are sent."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import SCRIPT
from tests.service.pages.test_pages import links, visible

BANBUENG = "เทศบาลตำบลบ้านบึง"


def all_cases(client: TestClient, **wanted: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/v1/cases", params={"limit": 1000, **wanted}).json()["cases"]
    return found


def case_link(client: TestClient, name: str = BANBUENG) -> str:
    return next(str(case["url"]) for case in all_cases(client) if case["name"] == name)


def names(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r"<h2><a [^>]*><bdi>([^<]*)</bdi>", page)]


# -- /v1 lists


def test_cases_are_narrowed_in_the_interface(client: TestClient) -> None:
    for name, value in {
        "province": "เชียงใหม่",
        "year_be": 2562,
        "kind": "เทศบาลตำบล",
        "award": "รางวัลพระปกเกล้า",
    }.items():
        found = all_cases(client, **{name: value})
        assert found
        assert {case[name] for case in found} == {value}
        assert len(found) == len([case for case in all_cases(client) if case[name] == value])
    assert [case["name"] for case in all_cases(client, find="บ้านบึง ชลบุรี")] == [BANBUENG]
    assert all_cases(client, province="ไม่มี") == []
    document = all_cases(client, find="บ้านบึง")[0]["document_id"]
    assert len(all_cases(client, document_id=document)) == 1


def test_documents_are_narrowed_in_the_interface(client: TestClient) -> None:
    body = client.get("/v1/documents", params={"find": "ธนาคาร"}).json()
    assert body["total"] == len(body["documents"]) >= 2
    assert all("ธนาคาร" in document["title"] for document in body["documents"])


@pytest.mark.parametrize(
    "path",
    ["/v1/cases?year_be=soon", "/v1/cases?sort=name", "/v1/documents?province=x", "/v1/cases?province="],
)
def test_unknown_and_bad_parameters_are_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 422


# -- lists


def test_the_list_of_cases_filters_by_links_with_true_counts(client: TestClient) -> None:
    page = client.get("/cases").text
    chosen = re.findall(
        r'<li><a href="(/cases\?[^"]+)"><bdi>([^<]*)</bdi> <span class="count">(\d+)</span>', page
    )
    assert len(chosen) > 8
    for link, value, count in chosen:
        narrowed = client.get(html.unescape(link)).text
        assert len(names(narrowed)) == int(count)
        assert re.search(rf'class="chip on".*?{re.escape(value)}', narrowed, re.DOTALL)


def test_filters_combine_and_each_can_be_dropped(client: TestClient) -> None:
    page = client.get("/cases", params={"province": "เชียงใหม่", "year_be": "2562"}).text
    both = names(page)
    assert 0 < len(both) < len(names(client.get("/cases", params={"province": "เชียงใหม่"}).text))
    dropped = [
        link
        for link in links(page)
        if link.startswith("/cases?") and "province" not in link and "year_be=2562" in link
    ]
    assert set(both) < set(names(client.get(dropped[0]).text))
    assert "/cases" in links(page), "all can be cleared"


def test_lists_sort(client: TestClient) -> None:
    assert names(client.get("/cases").text) == names(client.get("/cases?sort=name").text)
    years = [
        int(year)
        for year in re.findall(r"<li>พ.ศ. (\d+)</li>", client.get("/cases?sort=newest&lang=th").text)
    ]
    assert years == sorted(years, reverse=True)
    titles = re.findall(r'scope="row"><a [^>]*><bdi>([^<]*)', client.get("/documents").text)
    assert titles.index("ถนนคนเดินเซราะกราว ตลาดปลอดโฟมของบุรีรัมย์") > 0
    first = [title.lstrip("เแโใไ")[0] for title in titles]
    assert first == sorted(first), "as in a Thai dictionary"


def test_a_list_walks_from_part_to_part(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.pages import case_pages, listing, reading

    for module in (listing, case_pages, reading):
        monkeypatch.setattr(module, "SIZE", 7)
    for path, entry in (("/cases?sort=newest", 'class="card"'), ("/documents?find=ของ", 'scope="row"')):
        seen, link, parts = [], path, 0
        while link and parts < 20:
            page = client.get(link).text
            assert 0 < page.count(entry) <= 7
            seen += re.findall(r'<a href="(/(?:cases|documents)/[^"?]+)" lang="th"><bdi>', page)
            found = re.search(r'rel="next" href="([^"]*)"', page)
            link, parts = html.unescape(found[1]) if found else "", parts + 1
        assert len(seen) == len(set(seen)) > 7
        total = int(re.search(r'class="total">([\d,]+)<', page)[1])  # type: ignore[index]
        assert len(seen) == total


@pytest.mark.parametrize(
    "query",
    [
        "offset=-1",
        "offset=x",
        "sort=zzz",
        "year_be=soon",
        "find=%00%1b[31m",
        "offset=999999999",
        "province=" + "ก" * 900,
        "utm_source=mail",
    ],
)
@pytest.mark.parametrize("path", ["/cases", "/documents", "/provinces"])
def test_a_damaged_list_address_still_opens(client: TestClient, path: str, query: str) -> None:
    assert client.get(f"{path}?{query}").status_code == 200


def test_a_filter_without_cases_says_so_and_can_be_dropped(client: TestClient) -> None:
    page = client.get("/cases", params={"province": "พิจิตร"}).text
    assert "ไม่มีรายการที่ตรงกัน" in visible(page)
    assert "/cases" in links(page)


@pytest.mark.parametrize(
    "path", ["/cases", "/documents", "/documents/evil", "/documents/evil?page=1&start=0&end=9&source=1"]
)
def test_markup_stays_text(odd_client: TestClient, path: str) -> None:
    for page in (
        odd_client.get(path).text,
        odd_client.get(path, params={"find": SCRIPT, "province": SCRIPT}).text,
    ):
        assert SCRIPT not in page
        assert "<b>เทศบาลตำบล</b>" not in page
        assert not any(link.startswith("javascript:") for link in links(page))


# -- one case


def test_a_case_page_says_what_the_store_says(client: TestClient) -> None:
    link = case_link(client)
    page = client.get(link).text
    shown = visible(page)
    for words in (BANBUENG, "ชลบุรี", "2562", "รางวัลพระปกเกล้า", "kpiebook62009 หน้า 25", "เทศบาลตำบล"):
        assert words in shown
    told = client.get(f"/v1{link}").json()["text"]
    for passage in told:
        assert f'id="p-{passage["passage_id"]}"' in page
        assert f"#p-{passage['passage_id']}" in links(page)
    headings = [html.unescape(h) for h in re.findall(r'<h3 lang="th">([^<]*)</h3>', page)]
    assert headings == list(dict.fromkeys(passage["heading"] for passage in told))


def test_cases_like_it_are_counted_without_itself(client: TestClient) -> None:
    page = client.get(case_link(client)).text
    related = re.findall(r'<li><a href="(/cases\?[^"]+)"><span>.*?<span class="count">[^<\d]*(\d+)', page)
    assert related
    for link, others in related:
        assert len(names(client.get(html.unescape(link)).text)) == int(others) + 1


def test_search_within_a_case_stays_there(client: TestClient) -> None:
    page = client.get(case_link(client)).text
    form = re.search(r'<form class="within".*?</form>', page, re.DOTALL)
    assert form is not None
    case_id = re.search(r'name="case_id" value="([^"]*)"', form[0])
    assert case_id is not None
    found = client.get("/v1/search", params={"q": "โรงพยาบาล", "case_id": html.unescape(case_id[1])}).json()
    assert {hit["citation"]["case"]["name"] for hit in found["hits"]} == {BANBUENG}


def test_a_case_can_be_cited_as_a_whole(client: TestClient) -> None:
    link = case_link(client)
    page = visible(client.get(link).text)
    assert "@misc{" in page
    assert f"http://testserver{link}" in page
    assert "“”" not in page


def test_the_links_of_passages_lead_to_their_words(client: TestClient) -> None:
    page = client.get(case_link(client)).text
    copied = [html.unescape(link) for link in re.findall(r'data-copy-value="([^"]*)"', page)]
    assert copied
    for link in copied:
        parts = urlsplit(link)
        viewer = client.get(f"{parts.path}?{parts.query}").text
        assert 'id="cite"' in viewer
        assert parts.fragment.startswith("cite:~:text=")
        first = unquote(parts.fragment.removeprefix("cite:~:text=").split(",")[0])
        assert first in html.unescape("".join(re.findall(r"<mark [^>]*>([^<]*)</mark>", viewer)))


# -- documents and the viewer


def test_a_document_says_its_web_address_only_where_it_is_one(
    odd_client: TestClient, client: TestClient
) -> None:
    assert 'href="javascript' not in odd_client.get("/documents/evil").text
    assert "kpiebook62009" in visible(client.get("/documents/banbueng").text)


def test_the_viewer_jumps_to_pages_and_keeps_the_source_beside(odd_client: TestClient) -> None:
    page = odd_client.get("/documents/pages?page=7&source=1").text
    form = re.search(r'<form class="jump".*?</form>', page, re.DOTALL)
    assert form is not None
    assert 'name="source" value="1"' in form[0]
    assert re.findall(r'<option value="(\d+)">', form[0]) == ["3", "7", "9"]
    following = next(link for link in links(page) if "page=9" in link and "source=1" in link)
    assert "source=1" in following
    assert odd_client.get(following).status_code == 200


def test_a_cited_place_can_be_handed_on(client: TestClient) -> None:
    text = client.get("/v1/documents/banbueng/pages/1").json()["text"]
    start = text.index("ผู้สูงอายุ")
    page = client.get(f"/documents/banbueng?page=1&start={start}&end={start + 10}").text
    link = html.unescape(re.search(r'data-copy-value="([^"]*)"', page)[1])  # type: ignore[index]
    assert parse_qs(urlsplit(link).query) == {"page": ["1"], "start": [str(start)], "end": [str(start + 10)]}
    assert "ผู้สูงอายุ" in unquote(link)
    assert "@misc{" in page
    assert "data-copy-value" not in client.get("/documents/banbueng?page=1").text
