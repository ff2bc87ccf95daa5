from __future__ import annotations

import pytest

from corpus.catalogue import CaseFilter, case_facets, cases, count_cases, documents
from corpus.passages import split
from corpus.records import Case, CaseSpan, Page, Piece
from corpus.store import DocumentRecord, Store

TEXT = "เทศบาลทำบันทึกข้อตกลงกับโรงพยาบาลเพื่อดูแลผู้สูงอายุในชุมชน"


def page(number: int, source: str) -> Page:
    return Page(number, source, "f" * 64, "plain", TEXT, TEXT, (Piece(0, len(TEXT), 0, len(TEXT)),))


def record(
    document_id: str,
    title: str,
    metadata: dict[str, str] | None = None,
    pages: int = 1,
    case: Case | None = None,
) -> DocumentRecord:
    told = [page(number, f"{document_id}.txt") for number in range(1, pages + 1)]
    spans = [CaseSpan(case, 1, 0, len(TEXT))] if case else []
    passages = [passage for one in told for passage in split(one, spans, document_id)]
    return DocumentRecord(document_id, title, metadata or {}, told, "1", spans, passages)


CASES = [
    Case("c1", "เทศบาลตำบลก", "เทศบาลตำบล", "ชลบุรี", 2562, "รางวัลพระปกเกล้า"),
    Case("c2", "เทศบาลตำบลข", "เทศบาลตำบล", "ชลบุรี", 2559, None),
    Case("c3", "เทศบาลเมืองค", "เทศบาลเมือง", "ตราด", 2562, None),
    Case("c4", "มูลนิธิ 100%_", "มูลนิธิ", None, None, None),
]


@pytest.fixture
def store(store: Store) -> Store:
    store.replace(record("a", "ธนาคารน้ำ ปี 2562", {"date": "วันจันทร์ที่ 24 สิงหาคม 2563"}, 3, CASES[0]))
    store.replace(record("b", "ตลาดชุมชน", {"year_be": "2560"}, 1, CASES[1]))
    store.replace(record("c", "ขยะ", {"date": "2024-05-01"}, 2, CASES[2]))
    store.replace(record("d", "กองทุน", {}, 1, CASES[3]))
    store.replace(record("e", "เล่มเก่า", {}, 1, Case("c5", "อบต.ง", "อบต.", "ตราด", 2555)))
    return store


def ids(found: object) -> list[str]:
    return [entry.document_id for entry in found.entries]  # type: ignore[attr-defined]


def test_documents_come_sorted_and_in_parts(store: Store) -> None:
    assert ids(documents(store)) == ["a", "b", "c", "d", "e"]
    assert ids(documents(store, sort="title")) == ["d", "c", "b", "a", "e"]
    assert ids(documents(store, sort="pages")) == ["a", "c", "b", "d", "e"]
    part = documents(store, offset=2, limit=2)
    assert (part.total, ids(part)) == (5, ["c", "d"])
    assert ids(documents(store, offset=99)) == []


def test_a_documents_year_is_stated_or_dated_or_its_cases(store: Store) -> None:
    newest = documents(store, sort="newest")
    assert [(entry.document_id, entry.year_be) for entry in newest.entries] == [
        ("c", 2567),
        ("a", 2563),
        ("b", 2560),
        ("e", 2555),
        ("d", None),
    ]


def test_a_listed_document_says_what_the_document_itself_says(store: Store) -> None:
    for entry in documents(store).entries:
        info = store.document(entry.document_id)
        assert info is not None
        assert (entry.title, entry.pages, entry.sources) == (info.title, info.pages, info.sources)
        assert entry.metadata == info.metadata
        assert entry.cases == len(store.document_cases(entry.document_id)) == 1


def test_every_word_must_stand_in_title_or_id(store: Store) -> None:
    assert ids(documents(store, find="ปี ธนาคาร")) == ["a"]
    assert ids(documents(store, find="๒๕๖๒")) == ["a"]
    assert ids(documents(store, find="ธนาคารนํ้า")) == ["a"]  # decomposed, as PDFs bring it
    assert ids(documents(store, find="ธนาคาร ตลาด")) == []


@pytest.mark.parametrize("find", ["%", "_", "100%_", "\\", "'", "%%%"])
def test_wildcards_are_plain_characters(store: Store, find: str) -> None:
    assert [info.case.case_id for info in cases(store, CaseFilter(find=find)).entries] == (
        ["c4"] if find in {"%", "_", "100%_"} else []
    )


def test_cases_pass_every_filter(store: Store) -> None:
    def found(**wanted: object) -> list[str]:
        part = cases(store, CaseFilter(**wanted))  # type: ignore[arg-type]
        assert part.total == count_cases(store, CaseFilter(**wanted)) == len(part.entries)  # type: ignore[arg-type]
        return [info.case.case_id for info in part.entries]

    assert found() == ["c1", "c2", "c3", "c4", "c5"]  # เทศบาล is under ท
    assert found(province="ชลบุรี") == ["c1", "c2"]
    assert found(province="ชลบุรี", year_be=2562) == ["c1"]
    assert found(find="ตราด เมือง") == ["c3"]
    assert found(award="รางวัลพระปกเกล้า") == ["c1"]
    assert found(document_id="b") == ["c2"]
    assert found(kind="ไม่มี") == []


def test_cases_sort(store: Store) -> None:
    def order(sort: str) -> list[str]:
        return [info.case.case_id for info in cases(store, CaseFilter(), sort=sort).entries]  # type: ignore[arg-type]

    assert order("newest") == ["c1", "c3", "c2", "c5", "c4"]
    assert order("province") == ["c1", "c2", "c3", "c5", "c4"]


def test_a_filters_own_choice_does_not_narrow_its_counts(store: Store) -> None:
    facets = case_facets(store, CaseFilter(province="ชลบุรี"))
    assert facets["province"] == {"ชลบุรี": 2, "ตราด": 2}
    assert facets["kind"] == {"เทศบาลตำบล": 2}
    assert list(facets["year_be"].items()) == [("2562", 1), ("2559", 1)]
    assert facets["award"] == {"รางวัลพระปกเกล้า": 1}


def test_counts_are_those_of_the_list_they_lead_to(store: Store) -> None:
    for name, counts in case_facets(store, CaseFilter()).items():
        for value, count in counts.items():
            wanted = {name: int(value) if name == "year_be" else value}
            assert cases(store, CaseFilter(**wanted)).total == count  # type: ignore[arg-type]


def test_lists_are_as_of_the_stores_change(store: Store) -> None:
    before = store.at(store.change)
    store.remove("a")
    store.replace(record("f", "ใหม่", {}, 1, Case("c6", "อบต.จ", "อบต.", "ตราด")))
    assert ids(documents(before)) == ["a", "b", "c", "d", "e"]
    assert ids(documents(store)) == ["b", "c", "d", "e", "f"]
    assert case_facets(before, CaseFilter())["province"] == {"ชลบุรี": 2, "ตราด": 2}
    assert case_facets(store, CaseFilter())["province"] == {"ตราด": 3, "ชลบุรี": 1}
    assert documents(before, sort="pages").entries[0].pages == (1, 2, 3)


def test_what_is_kept_of_a_generation_is_its_own(store: Store) -> None:
    before = store.at(store.change)
    first = documents(before, sort="title")
    store.replace(record("a", "แก้ชื่อแล้ว", {}, 1, CASES[0]))
    after = store.at(store.change)
    assert documents(before, sort="title") == first
    assert documents(after, sort="title") != first
    assert documents(store, sort="title") == documents(after, sort="title")
    for _ in range(2):
        for word in range(40):  # more lists than are kept
            assert documents(after, find=f"ชื่อ{word}").total == 0
        assert documents(after, find="แก้ชื่อ", offset=0, limit=1).entries[0].document_id == "a"
        assert case_facets(after, CaseFilter()) == case_facets(store, CaseFilter())
