"""How browsers add Karani as a search engine."""

from __future__ import annotations

import re
from urllib.parse import quote
from xml.etree import ElementTree

from fastapi.testclient import TestClient

OS = "{http://a9.com/-/spec/opensearch/1.1/}"


def described(client: TestClient, path: str = "/opensearch.xml", **headers: str) -> ElementTree.Element:
    answer = client.get(path, headers=headers)
    assert answer.headers["content-type"] == "application/opensearchdescription+xml"
    return ElementTree.fromstring(answer.content)  # noqa: S314 - our own


def test_every_page_points_at_the_description(client: TestClient) -> None:
    for path in ("/", "/?q=MOU", "/cases", "/documents/banbueng?page=1", "/nowhere"):
        page = client.get(path, headers={"accept": "text/html"}).text
        found = re.search(
            r'<link rel="search" type="application/opensearchdescription\+xml" href="([^"]+)"', page
        )
        assert found is not None
        assert client.get(found[1]).status_code == 200


def test_the_templates_find_what_they_promise(client: TestClient) -> None:
    root = described(client)
    name = root.findtext(f"{OS}ShortName") or ""
    assert 0 < len(name) <= 16
    urls = {url.get("type"): url.get("template") or "" for url in root.iter(f"{OS}Url")}
    page = client.get(urls["text/html"].replace("{searchTerms}", quote("ใครใช้ MOU กับโรงพยาบาล")))
    assert "เทศบาลตำบลบ้านบึง" in page.text
    given = client.get(urls["application/x-suggestions+json"].replace("{searchTerms}", quote("เทศ")))
    assert given.headers["content-type"] == "application/x-suggestions+json"
    typed, texts = given.json()
    assert typed == "เทศ"
    assert texts
    assert all(isinstance(text, str) for text in texts)
    assert len(set(texts)) == len(texts)
    icon = root.findtext(f"{OS}Image") or ""
    assert client.get(icon).headers["content-type"].startswith("image/svg")


def test_both_languages(client: TestClient) -> None:
    assert described(client, "/opensearch.xml?lang=en").findtext(f"{OS}ShortName") == "Karani"
    assert described(client).findtext(f"{OS}ShortName") == "กรณี Karani"


def test_addresses_are_those_the_browser_used(client: TestClient) -> None:
    root = described(client, host="karani.example.go.th")
    assert all(
        (url.get("template") or "").startswith("http://karani.example.go.th/")
        for url in root.iter(f"{OS}Url")
    )
    evil = client.get("/opensearch.xml", headers={"host": 'x"><script>'})
    assert "<script" not in evil.text


def test_nothing_typed_and_nothing_valid_are_no_faults(client: TestClient) -> None:
    assert client.get("/suggest/opensearch").json() == ["", []]
    assert client.get("/suggest/opensearch?q=%00%01").json()[1] == []
    assert client.get("/suggest/opensearch?q=" + "ก" * 3000).status_code == 200
