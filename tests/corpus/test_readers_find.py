from __future__ import annotations

from pathlib import Path

import pytest

from corpus.readers import SUFFIXES, ReadError, find_files, read


def touch(path: Path, text: str = "ข้อความ") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_gives_its_readable_files_sorted(tmp_path: Path) -> None:
    wanted = [touch(tmp_path / name) for name in ("a.txt", "b/c.MD", "b/ง.html", "d.jsonl.gz", "z.pdf")]
    for name in (".hidden.txt", ".git/x.txt", "b/picture.png", "noext", "b/.cache/y.md"):
        touch(tmp_path / name)
    assert find_files([tmp_path]) == sorted(wanted)


def test_files_come_in_the_order_given_and_once(tmp_path: Path) -> None:
    one, two = touch(tmp_path / "1.txt"), touch(tmp_path / "2.txt")
    assert find_files([two, tmp_path, two]) == [two, one]


def test_links_out_of_the_folder_are_skipped(tmp_path: Path) -> None:
    outside = touch(tmp_path / "outside" / "secret.txt")
    inside = touch(tmp_path / "in" / "a.txt")
    (tmp_path / "in" / "link.txt").symlink_to(outside)
    (tmp_path / "in" / "folder").symlink_to(outside.parent)
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "dangling.txt").symlink_to(tmp_path / "none.txt")
    (tmp_path / "in" / "same.txt").symlink_to(inside)
    assert find_files([tmp_path / "in"]) == [inside]
    assert find_files([tmp_path / "in" / "link.txt"]) == [tmp_path / "in" / "link.txt"]


def test_a_missing_path_and_an_empty_folder_are_reported_by_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = find_files([tmp_path / "none.txt", tmp_path / "empty", touch(tmp_path / "a.txt")])
    assert len(found) == 3
    with pytest.raises(ReadError, match="no such file"):
        list(read(found[0]))
    with pytest.raises(ReadError, match="no readable file"):
        list(read(found[1]))
    assert len(list(read(found[2]))) == 1


def test_an_unknown_kind_names_the_kinds_that_can_be_read(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.odt")
    with pytest.raises(ReadError) as caught:
        list(read(path))
    assert all(suffix in caught.value.advice for suffix in SUFFIXES)


def test_the_source_is_relative_to_the_root_only_when_inside(tmp_path: Path) -> None:
    path = touch(tmp_path / "ก" / "ข.txt")
    for root, source in (
        (tmp_path, "ก/ข.txt"),
        (None, "ข.txt"),
        (tmp_path / "other", "ข.txt"),
        (path, "ข.txt"),
    ):
        [document] = list(read(path, root=root))
        assert not isinstance(document, ReadError)
        assert document.source == source
