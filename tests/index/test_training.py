"""Training: what no encoder may see, bags, slips, vocabulary, learning, and the whole way on tiny data."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.encoders import BUILTIN_FOLDER, StaticEncoder
from index.encoders.matching import LongestMatch
from index.encoders.static import TOKENIZER
from index.training import data as sources
from index.training.bags import Bags, beside
from index.training.data import DataError, government, is_held_out, natural, written
from index.training.encoder import Options, train
from index.training.examples import Asked, Documents, cut
from index.training.export import quantise, turned
from index.training.mining import mine
from index.training.slips import noisy, slip
from index.training.table import Batch, Table
from index.training.tokenizer import UNKNOWN, Sizes, build, canonical, choose
from index.training.words import parts

TOPICS = {
    "ขยะ": "ชาวบ้านคัดแยกขยะที่ต้นทาง ขยะอินทรีย์ทำปุ๋ยหมัก ขายขยะรีไซเคิลได้เงิน",
    "น้ำท่วม": "ฝนตกหนักน้ำท่วมบ้านเรือน เจ้าหน้าที่อพยพประชาชน สูบน้ำออกจากพื้นที่",
    "โรงเรียน": "ครูสอนนักเรียนอ่านหนังสือ โรงเรียนแจกอาหารกลางวัน เด็กเรียนออนไลน์",
    "โรงพยาบาล": "หมอตรวจคนไข้ พยาบาลดูแลผู้ป่วย โรงพยาบาลลงนามบันทึกข้อตกลง",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    documents = [
        {"_id": f"d{n}{topic}", "title": f"โครงการ{topic} ปี {2560 + n}", "text": f"{text} ครั้งที่ {n}"}
        for n in range(6) for topic, text in TOPICS.items()
    ]  # fmt: skip
    _zst(folder / "thaigov" / "docs.jsonl.zst", _lines(documents))
    _zst(
        folder / "law" / "provisions.jsonl.zst",
        _lines([{"law": "ก", "section": "1", "text": "มาตรา 1 " * 20}] * 3),
    )
    _zst(
        folder / "parallel" / "pairs.tsv.zst",
        "source\tquality\ten\tth\nx\tHT\thospital\tโรงพยาบาล\nx\tHT\tschool\tโรงเรียน\n",
    )
    _plain(folder / "natural" / "pairs.jsonl", _lines([
        {"_id": f"n{n}", "title": t, "passage": text, "query": f"เรื่อง{t}ทำยังไง"} for n in range(20) for t, text in TOPICS.items()
    ]))  # fmt: skip
    iapp = folder / "iapp" / "train"
    _plain(
        iapp / "corpus.jsonl", _lines([{"_id": t, "title": t, "text": text} for t, text in TOPICS.items()])
    )
    _plain(
        iapp / "queries.jsonl",
        _lines([{"_id": f"q{t}", "text": f"{t}คืออะไร", "metadata": {"answers": [t]}} for t in TOPICS]),
    )
    _plain(
        iapp / "qrels" / "train.tsv",
        "query-id\tcorpus-id\tscore\n" + "".join(f"q{t}\t{t}\t1\n" for t in TOPICS),
    )
    return folder


def _lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _plain(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _zst(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode("utf-8")))


def test_the_held_out_eighth_is_fixed_and_never_read(data: Path) -> None:
    held = [n for n in range(8000) if is_held_out(f"tg{n}")]
    assert 850 < len(held) < 1150
    assert not any(is_held_out(pair.pair_id) for pair in natural(data))
    everything = (data / "natural" / "pairs.jsonl").read_text("utf-8").splitlines()
    ids = [json.loads(line)["_id"] for line in everything]
    assert len(natural(data)) == sum(not is_held_out(i) for i in ids) < len(ids)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"docs\.jsonl\.zst"):
        next(government(tmp_path))


def test_train_writes_a_model_that_loads_and_has_learnt(data: Path, tmp_path: Path) -> None:
    options = Options(dim=32, steps=60, batch=16, rate=0.1, seed=3)
    report = train(data, tmp_path / "one", options=options)
    assert "natural" in report
    encoder = StaticEncoder(tmp_path / "one")
    asked = encoder.encode_queries([f"เรื่อง{topic}ทำยังไง" for topic in TOPICS])
    answers = encoder.encode_passages(list(TOPICS.values()))
    assert (asked @ answers.T).argmax(axis=1).tolist() == list(range(len(TOPICS)))
    train(data, tmp_path / "two", options=options)
    again = StaticEncoder(tmp_path / "two").encode_queries(list(TOPICS))
    np.testing.assert_allclose(again, encoder.encode_queries(list(TOPICS)), atol=1e-4)


def test_adapting_needs_documents_and_changes_little(data: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "one.txt").write_text(TOPICS["ขยะ"], encoding="utf-8")
    with pytest.raises(DataError, match="at least 8"):
        train(data, tmp_path / "out", corpus=corpus)
    for number, (topic, text) in enumerate(list(TOPICS.items()) * 3):
        (corpus / f"{topic}{number}.txt").write_text(f"{text} {number}", encoding="utf-8")
    train(data, tmp_path / "out", corpus=corpus, options=Options(steps=3, batch=8, rate=0.01))
    adapted, shipped = StaticEncoder(tmp_path / "out"), StaticEncoder(BUILTIN_FOLDER)
    texts = list(TOPICS.values())
    cosines = (adapted.encode_passages(texts) * shipped.encode_passages(texts)).sum(axis=1)
    assert (cosines > 0.9).all()
    assert adapted.revision != shipped.revision


def test_table_separates_what_batches_separate() -> None:
    rng = np.random.default_rng(0)
    table = Table((1 + 0.05 * rng.standard_normal((6, 8))).astype(np.float32), [[], [], [], [], [], [1, 2]])

    def bags(*texts: list[int]) -> Bags:
        return Bags.joined(
            np.concatenate(texts).astype(np.int32), np.asarray([len(t) for t in texts], dtype=np.int64)
        )

    batch = Batch(bags([1], [2, 2]), bags([3], [4]), scale=10.0, symmetric=True)
    untouched = table.vectors()[0].copy()
    losses = [table.step(batch, 0.1) for _ in range(40)]
    assert losses[-1] < 0.1 < losses[0]
    np.testing.assert_array_equal(table.vectors()[0], untouched)


def test_the_table_encodes_as_the_exported_encoder_does(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "out", options=Options(dim=32, steps=4, batch=8, rate=0.1))
    encoder = StaticEncoder(tmp_path / "out")
    texts = [*TOPICS.values(), "ขยะ ขยะ ขยะ น้ำท่วม", ""]
    bags = Bags.of(texts, Tokenizer.from_file(str(tmp_path / "out" / TOKENIZER)), encoder.token_rows)
    table = Table(encoder.vectors[np.arange(len(encoder.vectors))], [[]] * len(encoder.vectors))
    np.testing.assert_allclose(table.encode(bags), encoder.encode_passages(texts), atol=1e-5)


def test_turning_keeps_cosines_and_puts_the_most_first() -> None:
    table = np.random.default_rng(1).standard_normal((40, 16)).astype(np.float32)
    table[:, 7] *= 9
    seen = turned(table)
    np.testing.assert_allclose(seen @ seen.T, table @ table.T, rtol=1e-4, atol=1e-3)
    spread = np.square(seen).sum(axis=0)
    assert spread.argmax() == 0
    assert spread[:8].sum() > spread[8:].sum()


def test_hard_negatives_are_near_but_neither_copies_nor_better_answers() -> None:
    def bags(*texts: list[int]) -> Bags:
        return Bags.joined(
            np.concatenate(texts).astype(np.int32), np.asarray([len(t) for t in texts], dtype=np.int64)
        )

    rng = np.random.default_rng(0)
    titles = bags(*[[0]] * 30)
    passages = bags([1, 2], [1], [1, 3], *[[4 + n] for n in range(27)])
    news = Documents(titles, titles, passages, np.arange(31, dtype=np.int64))
    question, answer = bags([1]), bags([0, 1, 2])
    asked = Asked(question, question, answer, lambda rng: news.negatives(2, rng), 10.0, 0.0)
    table = Table(np.eye(40, dtype=np.float32), [[]] * 40)
    mined = mine(table, asked, news, rng)
    assert mined[0, 0] == 2  # shares a word with the question; 0 is the answer itself, 1 fits better than it
    assert 0 not in mined[0, :1]
    batch = asked.harder(mined[:, :1], news).batch(1, rng)
    assert set(batch.passages.ids.tolist()) <= {0, *range(1, 40)}
    assert len(batch.passages) == 1 + 2 + 1


def test_own_questions_point_at_passages_of_their_documents(tmp_path: Path) -> None:
    rows = [
        line.split("\t")
        for line in (Path(sources.__file__).parent / "questions.tsv").read_text("utf-8").splitlines()
    ]
    assert len(rows) > 8_000
    document_id, start, end, query = next(row for row in rows if not is_held_out(row[0]))
    text = "ก" * int(start) + "ข" * (int(end) - int(start)) + "ค"
    record = {"_id": document_id, "title": "หัวข้อ", "text": text}
    _zst(tmp_path / "thaigov" / "docs.jsonl.zst", _lines([record]))
    found = written(tmp_path)
    assert query in [pair.query for pair in found]
    assert {pair.passage for pair in found if pair.query == query} == {"ข" * (int(end) - int(start))}
    assert written(tmp_path, held_out=True) == []


def test_rows_are_named_by_the_canonical_spelling() -> None:
    assert [canonical(w) for w in ("สําคัญ", "นํ้า", "น้ํา", "๒๕๖๒", "น้ำ")] == ["สำคัญ", "น้ำ", "น้ำ", "2562", "น้ำ"]


def test_a_compound_adds_its_parts() -> None:
    start = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(Table(start, [[], [], [0, 1]]).vectors()[2], [1, 1, 1])


def test_vocabulary_knows_spellings_and_compounds() -> None:
    words = ["สำคัญ", "โรงพยาบาล", "พยาบาล", "โรง", "hospital", "hospitals", "2562"]
    vocabulary = choose(dict.fromkeys(words, 50), words, sizes=Sizes())
    tokenizer = build(vocabulary)
    match = LongestMatch({t: i for t, i in vocabulary.ids.items() if t != UNKNOWN})
    mapping = vocabulary.mapping
    for left, right in (("สำคัญ", "สําคัญ"), ("2562", "๒๕๖๒"), ("hospital", "HOSPITAL")):
        assert [mapping[i] for i in match.encode(left)] == [mapping[i] for i in match.encode(right)]
        assert tokenizer.encode(right, add_special_tokens=False).ids == match.encode(right)
    compounds = parts(vocabulary)
    rows = vocabulary.rows
    assert [rows[r] for r in compounds[rows.index("โรงพยาบาล")]] == ["โรง", "พยาบาล"]
    assert [rows[r] for r in compounds[rows.index("hospitals")]] == ["hospital"]
    assert compounds[rows.index("พยาบาล")] == []


@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_bags_keep_their_tokens(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 9, sum(lengths)).astype(np.int32)
    bags = Bags.joined(ids, np.asarray(lengths, dtype=np.int64))
    texts = np.split(ids, np.cumsum(lengths)[:-1])
    order = rng.integers(0, len(bags), 5)
    assert bags.take(order).ids.tolist() == [i for t in order for i in texts[t].tolist()]
    both = beside(bags, bags)
    assert both.ids.tolist() == [i for t in texts for i in [*t.tolist(), *t.tolist()]]
    marked = rng.random(len(ids)) < 0.5
    assert bags.keep(marked).lengths.sum() == marked.sum()


@given(text=st.text(alphabet="กขคงเแ่้ำาะabc 123", max_size=30), seed=st.integers(0, 999))
def test_slips_change_one_place(text: str, seed: int) -> None:
    first, second = random.Random(seed), random.Random(seed)
    assert noisy(text, first) == noisy(text, second)
    assert abs(len(slip(text, first)) - len(text)) <= 1


@given(text=st.text(alphabet="กขค \n", max_size=300), size=st.integers(20, 60))
def test_cut_keeps_every_letter_in_order(text: str, size: int) -> None:
    assert "".join("".join(cut(text, size)).split()) == "".join(text.split())


def test_quantised_rows_stay_close() -> None:
    table = np.random.default_rng(0).standard_normal((20, 64)).astype(np.float32)
    rows, scale = quantise(table)
    assert np.abs(rows * scale[:, None] - table).max() <= scale.max() / 2 + 1e-6
