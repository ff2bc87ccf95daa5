"""References that people paste: what they state, and that no odd character breaks them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from corpus.records import Case, Citation
from service.citing import apa, bibtex, plain, reference

URL = "http://example.test/documents/kpiebook62009?page=25&start=1&end=9#cite"
CASE = Case("c1", "เทศบาลตำบลบ้านบึง", "เทศบาลตำบล", "ชลบุรี", 2562, "รางวัลพระปกเกล้า")


def cited(title: str = "ศูนย์แพทย์ชุมชน", case: Case | None = CASE, quote: str = "ทำ MOU", **metadata: str):
    place = Citation("kpiebook62009", title, 25, case, 1, 9, "a.txt", quote, "1")
    return reference("p1", place, metadata, URL)


def fields(entry: str) -> dict[str, str]:
    """A BibTeX entry's fields, its braces counted as BibTeX counts them."""
    body, found, at = entry[entry.index(",") + 1 : entry.rindex("}")], {}, 0
    while match := re.compile(r"\s*(\w+) = \{").match(body, at):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(body[end], 0)
            end += 1
        found[match[1]] = body[match.end() : end - 1]
        assert body[end] == ","
        at = end + 1
    assert body[at:].strip() == ""
    return found


def test_apa_is_organisation_year_title_page_source_address() -> None:
    assert apa(cited(source="รายงานประจำปี")) == (
        f"เทศบาลตำบลบ้านบึง. (2562). ศูนย์แพทย์ชุมชน (น. 25). รายงานประจำปี. {URL}"
    )


def test_a_work_without_organisation_or_year_begins_with_its_title() -> None:
    assert apa(cited(case=None)) == f"ศูนย์แพทย์ชุมชน (น. 25). (ม.ป.ป.). {URL}"


@pytest.mark.parametrize(
    ("metadata", "year"),
    [({"date": "2021-05-03"}, "2564"), ({"year_be": "2564"}, "2564"), ({"date": "ต้นปี"}, "ม.ป.ป.")],
)
def test_the_year_is_the_buddhist_one_in_whatever_era_the_document_counts(
    metadata: dict[str, str], year: str
) -> None:
    assert f"({year})" in apa(cited(case=None, **metadata))


def test_plain_quotes_and_names_the_page() -> None:
    text = plain(cited(source="kpi"))
    assert text.startswith("“ทำ MOU” — เทศบาลตำบลบ้านบึง, ศูนย์แพทย์ชุมชน, พ.ศ. 2562, หน้า 25. ที่มา: kpi.")
    assert text.endswith(URL)


def test_a_long_quote_is_cut_at_a_space_and_never_inside_a_cluster() -> None:
    text = plain(cited(quote="กำนั้น" * 100))
    quote = text[1 : text.index(" …")]
    assert len(quote) <= 245
    assert ("กำนั้น" * 100).startswith(quote)
    assert not re.match("[\u0e31\u0e33-\u0e3a\u0e47-\u0e4e]", ("กำนั้น" * 100)[len(quote)])


def test_bibtex_keeps_thai_counts_years_as_bibtex_does_and_notes_the_page() -> None:
    entry = bibtex(cited(source="รายงาน"))
    assert re.match(r"@misc\{kpiebook62009-p25-[0-9a-f]{6},\n", entry)
    assert fields(entry) == {
        "author": "{เทศบาลตำบลบ้านบึง}",
        "title": "{ศูนย์แพทย์ชุมชน}",
        "year": "2019",
        "howpublished": "รายงาน",
        "note": "หน้า 25, พ.ศ. 2562",
        "url": URL,
        "langid": "thai",
    }


@pytest.mark.parametrize(
    "title",
    [
        "50% & ราคา_$#~^",
        r"\input{/etc/passwd}",
        "} , note = {ปลอม",
        "{{{",
        '"@article{x,"',
        "บรรทัด\nใหม่\x1b[0m\u200b",
    ],
)
def test_no_title_breaks_out_of_its_bibtex_field(title: str) -> None:
    entry = bibtex(cited(title=title, quote=title))
    assert set(fields(entry)) == {"author", "title", "year", "note", "url", "langid"}
    assert not re.search(r"(?<![\\])[%&#_$]", fields(entry)["title"])
    assert "\x1b" not in entry
    assert "\n" not in plain(cited(title=title, quote=title))


def test_keys_differ_for_two_passages_and_are_ascii_for_a_thai_id() -> None:
    def key(document_id: str, passage_id: str) -> str:
        place = Citation(document_id, "ก", 1, None, 0, 1, "", "", "1")
        return bibtex(reference(passage_id, place, {}, URL)).split("{")[1].split(",")[0]

    assert key("เอกสาร", "a") != key("รายงาน", "a")
    assert key("x", "a") != key("x", "b")
    assert re.fullmatch(r"[a-z][a-z0-9-]+", key("เอกสาร 1", "a"))
    assert re.fullmatch(r"[a-z][a-z0-9-]+", key("2562", "a"))


@pytest.mark.parametrize("style", ["plain", "apa", "bibtex"])
def test_the_interface_gives_json_and_text(client: TestClient, style: str) -> None:
    hit = client.get("/v1/search", params={"q": "MOU กับโรงพยาบาล"}).json()["hits"][0]
    address = f"/v1/passages/{hit['passage_id']}/citation"
    body = client.get(address, params={"style": style}).json()
    assert body["passage_id"] == hit["passage_id"]
    assert body["url"] in body["text"]
    parts = urlsplit(body["url"])
    assert f"{parts.path}?{parts.query}" == hit["citation"]["url"]
    assert client.get(body["url"]).status_code == 200
    text = client.get(address, params={"style": style}, headers={"accept": "text/plain"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == body["text"] + "\n"


def test_bibtex_has_its_own_type(client: TestClient) -> None:
    passage = client.get("/v1/search", params={"q": "MOU"}).json()["hits"][0]["passage_id"]
    answer = client.get(
        f"/v1/passages/{passage}/citation?style=bibtex", headers={"accept": "application/x-bibtex"}
    )
    assert answer.headers["content-type"].startswith("application/x-bibtex")


def test_an_unknown_style_or_passage_is_refused(client: TestClient) -> None:
    assert client.get("/v1/passages/none/citation").status_code == 404
    refused = client.get("/v1/passages/none/citation?style=mla")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["name"] == "style"
