"""The console command as a user runs it: real processes, real files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import karani

ROOT = Path(__file__).parent.parent
VIEWER_PAGE = """Page 25 - sample62009
P. 25

รายงานโครงการประเมินองค์กรปกครองส่วนท้องถิ่นเพื่อเข้ารับรางวัลพระปกเกล้า ประจำปี 2562

                 3.6 เทศบาลตำบลบ้านบึง (ต.บ้านบึง อ.บ้านบึง จ.ชลบุรี): มีเครือข่ายดูแลสุขภาพ

          ของประชาชนในพื้นที่ และมีศูนย์แพทย์ชุมชนในเทศบาล หลังการทำบันทึก
          ข้อตกลง(MOU)กับโรงพยาบาล

                 3.7 เทศบาลตำบลป่าแดด (ต.ป่าแดด อ.เมือง จ.เชียงใหม่): ใช้แผนที่ความคิด
          เชื่อมโยงงานของทีมสหวิชาชีพเพื่อดูแลกลุ่มผู้เปราะบาง

   20   21   22   23   24   25   26   27   28   29   30
"""


def run(*arguments: str | Path, data: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(ROOT / "karani.py"),
        arguments[0],
        "--data",
        str(data),
        *map(str, arguments[1:]),
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "000_abc.txt").write_text(VIEWER_PAGE, encoding="utf-8")
    data = tmp_path_factory.mktemp("data")
    assert run("ingest", folder, data=data).returncode == karani.OK
    assert run("build", data=data).returncode == karani.OK
    return data


def test_a_viewer_page_answers_with_case_document_page_and_sentence(built: Path) -> None:
    done = run("ask", "ใครใช้ MOU กับโรงพยาบาล", "--json", data=built)
    assert done.returncode == karani.OK, done.stderr
    found = json.loads(done.stdout)
    assert found["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    assert "ข้อตกลง(MOU)กับโรงพยาบาล" in found["answer"]["evidence"]
    citation = found["answer"]["citation"]
    assert (citation["document_id"], citation["page"]) == ("sample62009", 25)
    assert citation["case"]["province"] == "ชลบุรี"
    assert citation["case"]["year_be"] == 2562
    assert "รางวัลพระปกเกล้า" in citation["title"]


def test_the_printed_answer_names_case_and_page(built: Path) -> None:
    lines = run("ask", "ใครใช้แผนที่ความคิด", data=built).stdout.splitlines()
    assert lines[0] == "เทศบาลตำบลป่าแดด"
    assert any("sample62009" in line and "25" in line for line in lines)


def test_filters_narrow_and_a_wrong_one_is_a_usage_error(built: Path) -> None:
    done = run("ask", "เทศบาลทำอะไร", "--json", "--filter", "province=เชียงใหม่", data=built)
    names = {hit["citation"]["case"]["name"] for hit in json.loads(done.stdout)["hits"]}
    assert names == {"เทศบาลตำบลป่าแดด"}
    wrong = run("ask", "เทศบาล", "--filter", "colour=red", data=built)
    assert wrong.returncode == karani.USAGE
    assert "province" in wrong.stderr


def test_an_empty_question_is_a_usage_error_and_an_endless_one_is_cut_with_a_word(built: Path) -> None:
    empty = run("ask", "  ", data=built)
    assert (empty.returncode, empty.stdout) == (karani.USAGE, "")
    assert "empty" in empty.stderr
    endless = run("ask", "โรงพยาบาล" * 2000, data=built)
    assert endless.returncode == karani.OK
    assert "1000" in endless.stderr


@pytest.mark.parametrize("question", ["😀🎉", "!!! ...", "\x07\x1b[31m"])
def test_a_question_without_words_finds_nothing_and_says_so(built: Path, question: str) -> None:
    done = run("ask", question, data=built)
    assert done.returncode == karani.OK
    assert "nothing in the corpus answers this" in done.stdout


def test_ingesting_the_same_again_changes_nothing(built: Path, tmp_path: Path) -> None:
    before = run("info", data=built).stdout
    (tmp_path / "000_abc.txt").write_text(VIEWER_PAGE, encoding="utf-8")
    assert "0 เปลี่ยนแปลง" in run("ingest", tmp_path, data=built).stdout
    run("build", data=built)
    assert run("info", data=built).stdout == before
    assert run("check", data=built).returncode == karani.OK


def test_a_bad_file_is_reported_and_the_rest_goes_in(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.txt").write_text("ชุมชนริมน้ำปลูกผักสวนครัว", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 this is not a document")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
    done = run("ingest", folder, data=tmp_path / "data")
    assert done.returncode == karani.FAILED
    for name in ("empty.txt", "broken.pdf", "binary.txt"):
        assert name in done.stderr
    assert "1 เอกสาร" in done.stdout


@pytest.mark.parametrize("what", ["missing", "nothing"])
def test_a_missing_path_and_an_empty_folder_say_so(tmp_path: Path, what: str) -> None:
    (tmp_path / "nothing").mkdir()
    done = run("ingest", tmp_path / what, data=tmp_path / "data")
    assert done.returncode == karani.FAILED
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_building_nothing_says_to_ingest_first(tmp_path: Path) -> None:
    done = run("build", data=tmp_path / "data")
    assert done.returncode == karani.FAILED
    assert "karani ingest" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_documents_the_demo_cases_answer_and_stay_apart(tmp_path: Path) -> None:
    done = run("ask", "ใครใช้ MOU กับโรงพยาบาล", "--json", data=tmp_path)
    assert json.loads(done.stdout)["answer"]["text"] == "เทศบาลตำบลบ้านบึง"
    assert not (tmp_path / "corpus.sqlite").exists()
    assert (tmp_path / "demo" / "corpus.sqlite").exists()


def test_asking_imports_nothing_that_the_built_in_encoder_does_without(built: Path) -> None:
    script = (
        "import sys, karani; code = karani.main(sys.argv[1:]);"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'scipy', 'pandas', 'trafilatura', 'mcp'};"
        "heavy &= set(sys.modules);"
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    command = [sys.executable, "-c", script, "ask", "--data", str(built), "โรงพยาบาล"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "ingest",
        "build",
        "ask",
        "serve",
        "info",
        "check",
        "backup",
        "restore",
        "export",
        "train encoder",
        "train fusion",
    ],
)
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        karani.main([*command.split(), "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert f"example: karani {command}" in printed
    assert "--data" in printed


def test_documents_are_removed_by_name(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("เรื่องหนึ่งของเทศบาล", encoding="utf-8")
    (tmp_path / "two.txt").write_text("เรื่องที่สองของเทศบาล", encoding="utf-8")
    data = tmp_path / "data"
    assert run("ingest", tmp_path / "one.txt", tmp_path / "two.txt", data=data).returncode == karani.OK
    done = run("remove", "one", data=data)
    assert done.returncode == karani.OK, done.stderr
    assert done.stdout.splitlines()[0] == "one"
    assert "karani build" in done.stdout
    again = run("remove", "one", "two", data=data)
    assert again.returncode == karani.FAILED
    assert "no document one" in again.stderr
    assert again.stdout.splitlines()[0] == "two"
    assert run("remove", "two", data=tmp_path / "nothing").returncode == karani.FAILED


def test_a_limit_that_is_no_number_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARANI_MAX_PAGES", "lots")
    done = run("info", data=tmp_path)
    assert done.returncode == karani.FAILED
    assert "KARANI_MAX_PAGES=lots" in done.stderr
    assert "Traceback" not in done.stderr
