"""``karani check|backup|restore|export``: the commands' arguments and what they print."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from corpus.settings import Settings

OK, FAILED, USAGE = 0, 1, 2
Command = Callable[[Any, str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]


class Bar(Protocol):
    """A progress bar; silent where nobody watches."""

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Show how far it is."""

    def close(self) -> None:
        """Take it away."""


class Care:
    """The commands, with what the console command lends them.

    Args:
        settings_of: the settings that parsed arguments name.
        bar: makes a progress bar on stderr for a unit.
    """

    def __init__(
        self, settings_of: Callable[[argparse.Namespace], Settings], bar: Callable[[str], Bar]
    ) -> None:
        self._settings_of = settings_of
        self._bar = bar

    def add(self, commands: Any, command: Command) -> None:
        """Add the commands to the parser; ``command`` makes one that takes ``--data``."""
        check = command(
            commands, "check", self.check,
            "ตรวจความถูกต้องของข้อมูล และซ่อม / verify everything in the data directory, and repair it",
            "karani check && karani check --repair",
        )  # fmt: skip
        check.add_argument(
            "--repair", action="store_true", help="mend what can be made again, set the rest aside"
        )
        check.add_argument("--json", action="store_true", help="print JSON")
        backup = command(
            commands, "backup", self.backup,
            "สำรองข้อมูลเป็นไฟล์เดียว ระหว่างให้บริการก็ได้ / write a backup, while serving if need be",
            "karani backup /backups/karani-$(date +%F).tar.zst",
        )  # fmt: skip
        backup.add_argument("file", type=Path, metavar="FILE", help="the new file, .tar.zst")
        backup.add_argument("--no-originals", action="store_true", help="leave the kept originals out")
        backup.add_argument(
            "--no-index", action="store_true", help="leave the index out: karani build makes it again"
        )
        restore = command(
            commands, "restore", self.restore,
            "กู้คืนจากไฟล์สำรองลงโฟลเดอร์ว่าง / make a data directory from a backup; it never overwrites one",
            "karani restore /backups/karani-2026-11-29.tar.zst --data /srv/karani-restored",
        )  # fmt: skip
        restore.add_argument("file", type=Path, metavar="FILE", help="a file that karani backup wrote")
        export = command(
            commands, "export", self.export,
            "ส่งออกเอกสารเป็น JSON Lines / write all documents as JSON lines, for other programs or karani ingest",
            "karani export documents.jsonl.zst; karani export - | jq .title",
        )  # fmt: skip
        export.add_argument(
            "file",
            type=Path,
            metavar="FILE",
            help="the new file (.jsonl, .jsonl.gz, .jsonl.zst), or - for stdout",
        )

    def check(self, args: argparse.Namespace) -> int:
        """Print what is wrong, after mending it where that was asked for."""
        from index.care.repair import repair
        from index.checking import examine

        settings, bar = self._settings_of(args), self._bar("step")
        done: tuple[str, ...] = ()
        try:
            if args.repair and settings.data.is_dir():
                repaired = repair(settings, bar, talk=_talk)
                done, problems = repaired.done, list(repaired.left)
            else:
                problems = examine(settings, bar)
        finally:
            bar.close()
        wrong = [problem for problem in problems if problem.matters]
        if args.json:
            shown = {"ok": not wrong, "repaired": list(done), "problems": [one.as_dict() for one in problems]}
            _print(json.dumps(shown, ensure_ascii=False, indent=2))
        else:
            _lines(done)
            _lines(wrong)
            _notes(len(problems) - len(wrong))
            if not wrong:
                _print("เรียบร้อย / all checks passed")
        return FAILED if wrong else OK

    def backup(self, args: argparse.Namespace) -> int:
        """Write a backup."""
        from index.care.backup import backup

        bar = self._bar("B")
        try:
            about = backup(
                self._settings_of(args), args.file, originals=not args.no_originals, index=not args.no_index,
                progress=bar, talk=_talk,
            )  # fmt: skip
        finally:
            bar.close()
        _print(f"{args.file}: {_counted(about.counts)}, {args.file.stat().st_size:,} ไบต์ / bytes")
        return OK

    def restore(self, args: argparse.Namespace) -> int:
        """Make a data directory from a backup."""
        from index.care.restore import restore

        settings, bar = self._settings_of(args), self._bar("B")
        try:
            restored = restore(args.file, settings, progress=bar)
        finally:
            bar.close()
        about = restored.about
        _print(f"{settings.data}: {_counted(about.counts)}, สำรองเมื่อ / backed up {about.created}")
        if restored.index_fault:
            _talk(restored.index_fault)
        _print(f"ต่อไป / next: karani {'build' if restored.index_fault else 'serve'} --data {settings.data}")
        return OK

    def export(self, args: argparse.Namespace) -> int:
        """Write all documents as JSON lines."""
        from corpus.export import export, write
        from corpus.store import Store

        bar = self._bar("document")
        with Store.of(self._settings_of(args), create=False) as store:
            try:
                if str(args.file) == "-":
                    count = write(store, sys.stdout.buffer, bar)
                    sys.stdout.buffer.flush()
                else:
                    count = export(store, args.file, bar)
            finally:
                bar.close()
        _talk(f"{count} เอกสาร / documents")
        return OK


def _counted(counts: Any) -> str:
    names = {"documents": "เอกสาร", "pages": "หน้า", "passages": "ข้อความ", "originals": "ต้นฉบับ"}
    return ", ".join(f"{counts[name]} {thai} / {name}" for name, thai in names.items() if name in counts)


def _notes(count: int) -> None:
    if count:
        _talk(
            f"มีไฟล์ที่ไม่มีหน้าใดอ้างถึง {count} ไฟล์ ดู --json / {count} kept originals that no page came from, see --json; "
            "--repair moves them to lost+found"
        )


def _lines(lines: Iterable[object]) -> None:
    for line in lines:
        _print(str(line))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _talk(text: str) -> None:
    sys.stderr.write(f"{text}\n")
