"""The official client over both transports: a real process on stdio, a real server on HTTP."""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError

from corpus.settings import Settings
from index.engine import Engine
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.conftest import fetch, running

ROOT = Path(__file__).parents[3]
MOU = "ใครใช้ MOU กับโรงพยาบาล"
Use = Callable[[Client], Awaitable[Any]]
Connect = Callable[[Use], Any]


@contextmanager
def session(server: Any, mode: str = "auto") -> Iterator[Connect]:
    """A session that lasts; what is done in it runs on a loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(server, mode=mode)) as client,
    ):
        yield lambda use: portal.call(use, client)


def command(data: Path, *arguments: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=[str(ROOT / "karani.py"), "mcp", "--data", str(data), *arguments],
        env={"PYTHAINLP_OFFLINE": "1", "HOME": os.environ.get("HOME", "/")},
        cwd=ROOT,
    )


@pytest.fixture(scope="module", params=["http", "http-handshake", "stdio"])
def connect(request: pytest.FixtureRequest, demo_address: str, demo_settings: Settings) -> Iterator[Connect]:
    if request.param == "stdio":
        with session(command(demo_settings.data.parent, "--url", demo_address)) as connected:
            yield connected
        return
    mode = "legacy" if request.param == "http-handshake" else "auto"
    with session(f"{demo_address}/mcp", mode) as connected:
        yield connected


@pytest.fixture(scope="module")
def by_http(demo_address: str) -> Iterator[Connect]:
    with session(f"{demo_address}/mcp") as connected:
        yield connected


def called(connect: Connect, tool: str, **arguments: Any) -> Any:
    async def use(client: Client) -> Any:
        await client.list_tools()  # the client then checks results against the schemas that it was told
        return await client.call_tool(tool, arguments)

    return connect(use)


def found(connect: Connect, tool: str, **arguments: Any) -> dict[str, Any]:
    result = called(connect, tool, **arguments)
    assert not result.is_error, result.content
    structured: dict[str, Any] = result.structured_content
    assert json.loads(result.content[0].text) == structured
    return structured


def refused(connect: Connect, tool: str, **arguments: Any) -> str:
    result = called(connect, tool, **arguments)
    assert result.is_error
    text: str = result.content[0].text
    return text


def citations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if result["answer"]:
        yield result["answer"]["citation"]
    for hit in result["results"]:
        yield hit["citation"]
        yield from (one["citation"] for one in hit["more"])


def test_the_tools_say_what_they_take_and_that_they_only_read(connect: Connect) -> None:
    tools = connect(lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == ["search", "get_page", "list_cases"]
    for tool in tools:
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.idempotent_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.input_schema["additionalProperties"] is False
        assert all(one.get("description") for one in tool.input_schema["properties"].values())
        assert tool.output_schema["type"] == "object"
        assert any("\u0e01" <= char <= "\u0e2e" for char in tool.description)


def test_every_citation_opens_and_slices_to_its_quote(connect: Connect, demo_address: str) -> None:
    result = found(connect, "search", query=MOU, limit=3)
    assert result["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    seen = list(citations(result))
    assert len(seen) > 3
    for one in seen:
        assert one["url"].startswith(demo_address + "/documents/")
        status, page = fetch(one["url"])
        assert status == 200
        assert b'id="cite"' in page
        status, body = fetch(
            f"{demo_address}/v1/documents/{urllib.parse.quote(one['document_id'], safe='')}/pages/{one['page']}"
        )
        assert json.loads(body)["text"][one["start"] : one["end"]] == one["quote"]
        assert one["title"] in one["cite_as"]


def test_a_page_in_parts_is_the_whole_page(connect: Connect) -> None:
    cited = found(connect, "search", query=MOU, limit=1)["results"][0]["citation"]
    place = {"document_id": cited["document_id"], "page": cited["page"]}

    async def read(client: Client) -> list[dict[str, Any]]:
        parts, start = [], 0
        while start is not None:
            result = await client.call_tool("get_page", {**place, "from": start, "limit": 300})
            parts.append(result.structured_content)
            start = result.structured_content["next_from"]
        return parts

    parts = connect(read)
    text = "".join(part["text"] for part in parts)
    assert len(parts) > 1
    assert len(text) == parts[0]["total_chars"]
    assert text[cited["start"] : cited["end"]] == cited["quote"]
    for part in parts:
        assert part["text"] == text[part["from"] : part["to"]]
    passages = [one for part in parts for one in part["passages"]]
    assert any((one["start"], one["end"]) == (cited["start"], cited["end"]) for one in passages)


def test_cases_are_listed_filtered_and_paged(connect: Connect) -> None:
    every = found(connect, "list_cases")
    assert every["total"] == len(every["cases"]) > 3
    province = next(case["province"] for case in every["cases"] if case["province"])
    some = found(connect, "list_cases", province=f"จังหวัด{province}")
    assert some["total"] >= 1
    assert {case["province"] for case in some["cases"]} == {province}
    first = found(connect, "list_cases", limit=2)
    rest = found(connect, "list_cases", limit=200, offset=first["next_offset"])
    assert first["cases"] + rest["cases"] == every["cases"]
    assert rest["next_offset"] is None
    named = found(connect, "list_cases", name="บ้านบึง")
    assert [case["name"] for case in named["cases"]] == ["เทศบาลตำบลบ้านบึง"]
    none = found(connect, "list_cases", province="แอตแลนติส")
    assert none["cases"] == []
    assert province in none["note"]


def test_a_question_that_nothing_answers_says_so(connect: Connect) -> None:
    result = found(connect, "search", query="ราคาหุ้นเทสลาเมื่อวาน")
    assert result["answer"] is None
    assert "say so" in result["note"] or "Nothing was found" in result["note"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {}, "query: is required"),
        ("search", {"query": "   \u200b"}, "query is empty"),
        ("search", {"query": "ขยะ", "limit": 21}, "limit:"),
        ("search", {"query": "ขยะ", "colour": "red"}, "colour: unknown parameter"),
        ("get_page", {"document_id": "nowhere", "page": 1}, "take document_id from a result of search"),
        ("get_page", {"document_id": "banbueng", "page": 99}, "only page"),
        ("get_page", {"document_id": "banbueng", "page": 1, "from": 10**8}, "from must be less"),
        ("get_page", {"document_id": "banbueng", "page": 0}, "page:"),
        ("get_page", {"document_id": "banbueng", "page": 1, "start": 5}, "start: unknown parameter"),
        ("list_cases", {"limit": 0}, "limit:"),
    ],
)
def test_bad_arguments_are_told_to_the_assistant(
    by_http: Connect, tool: str, arguments: dict[str, Any], said: str
) -> None:
    message = refused(by_http, tool, **arguments)
    assert said in message
    assert any("\u0e01" <= char <= "\u0e2e" for char in message)


def test_filters_of_a_search(by_http: Connect) -> None:
    result = found(by_http, "search", query="เทศบาล", province="ชลบุรี", limit=20)
    assert {hit["citation"]["case"]["province"] for hit in result["results"]} == {"ชลบุรี"}


def test_pages_and_documents_are_resources(connect: Connect, demo_address: str) -> None:
    async def use(client: Client) -> tuple[Any, ...]:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        document = await client.read_resource(listed.resources[0].uri)
        page = await client.read_resource(json.loads(document.contents[0].text)["pages"][0])
        return listed.resources, templates.resource_templates, document.contents[0], page.contents[0]

    listed, templates, document, page = connect(use)
    assert {one.uri_template for one in templates} == {
        "karani://documents/{document_id}",
        "karani://documents/{document_id}/pages/{page}",
    }
    name = json.loads(document.text)["document_id"]
    assert name == listed[0].name
    _, body = fetch(f"{demo_address}/v1/documents/{name}/pages/1")
    assert page.text == json.loads(body)["text"]


@pytest.mark.parametrize(
    "uri", ["karani://documents/nowhere", "karani://documents/banbueng/pages/99", "file:///etc/passwd"]
)
def test_a_resource_that_is_not_there(by_http: Connect, uri: str) -> None:
    with pytest.raises(MCPError, match="no such"):
        by_http(lambda client: client.read_resource(uri))


def test_the_prompt_tells_how_to_cite_in_the_questions_language(connect: Connect) -> None:
    async def use(client: Client) -> list[str]:
        asked = [MOU, "Who uses an MOU?"]
        return [
            (await client.get_prompt("answer_with_citations", {"question": one})).messages[0].content.text
            for one in asked
        ]

    thai, english = connect(use)
    assert MOU in thai
    assert "ท้ายทุกประโยค" in thai
    assert "Who uses an MOU?" in english
    assert "End every sentence" in english


def test_an_unknown_tool(by_http: Connect) -> None:
    with pytest.raises(MCPError, match="search, get_page, list_cases"):
        by_http(lambda client: client.call_tool("delete_everything", {}))


def test_without_an_index_the_tools_say_what_to_do(tmp_path: Path) -> None:
    settings = ServiceSettings(reload_seconds=60)
    nothing = Settings(data=tmp_path)
    app = create_app(settings, open_engine=lambda: Engine.open(nothing))
    with running(app, settings) as address, session(f"{address}/mcp") as connected:
        assert "karani ingest" in refused(connected, "search", query="ขยะ")


def test_markup_in_documents_stays_text(odd_address: str) -> None:
    with session(f"{odd_address}/mcp") as connected:
        result = found(connected, "search", query="ขยะอันตราย")
    assert (
        "<script>" in result["results"][0]["citation"]["quote"]
    )  # the source says so; nothing renders it here


def test_stdio_starts_with_the_demo_cases_and_relative_addresses(tmp_path: Path) -> None:
    with session(command(tmp_path / "fresh")) as connected:
        result = found(connected, "search", query=MOU, limit=1)
    assert result["answer"]["citation"]["url"].startswith("/documents/")
