"""``karani keys create|list|revoke``: the commands' arguments and what they print."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from service.database import Database
from service.edge.keys import SCOPES, Key, KeyRequestError, Keys, expiry

FAILED, USAGE = 1, 2
Find = Callable[[argparse.Namespace], Path]


def add_commands(commands: Any, find: Find) -> None:
    """Add ``keys`` to the command; ``find`` gives the service's database of the parsed arguments."""
    about = "กุญแจของ API / API keys"
    keys = commands.add_parser(
        "keys", help=about, description=about, epilog="example: karani keys create --name portal"
    )
    kinds = keys.add_subparsers(required=True, metavar="WHAT")
    _add_create(kinds, find)
    shown = _command(kinds, "list", _list, find, "แสดงกุญแจ / list keys", "karani keys list --json")
    shown.add_argument("--all", action="store_true", help="expired and revoked ones too")
    revoked = _command(
        kinds, "revoke", _revoke, find, "ยกเลิกกุญแจ / withdraw a key", "karani keys revoke 1f0c9a2e"
    )
    revoked.add_argument("key_id", help="the key's id, as `karani keys list` shows it")


def _add_create(kinds: Any, find: Find) -> None:
    made = _command(
        kinds,
        "create",
        _create,
        find,
        "สร้างกุญแจ / make a key; it is shown once",
        "karani keys create --name 'portal widget' --origin https://portal.example.go.th --expires 1y",
    )
    made.add_argument("--name", required=True, help="whose it is, for the list")
    made.add_argument(
        "--scope", choices=SCOPES, default="search", help="search (default) < write (feedback) < admin"
    )
    made.add_argument(
        "--origin", action="append", default=[], dest="origins", metavar="ORIGIN",
        help="a site whose pages may use the key (https://portal.example.go.th, https://*.example.go.th); may be repeated",
    )  # fmt: skip
    made.add_argument("--expires", metavar="WHEN", help="90d, 12h, 2w, 1y or a date; never without it")


def _command(
    kinds: Any, name: str, run: Callable[..., int], find: Find, about: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(
        name, help=about, description=about, epilog=f"example: {example}"
    )
    parser.add_argument(
        "--data", type=Path, help="data directory (default: KARANI_DATA, else var)", metavar="DIR"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")

    def opened(args: argparse.Namespace) -> int:
        with closing(Database(find(args))) as database:
            return run(args, Keys(database))

    parser.set_defaults(run=opened)
    return parser


def _create(args: argparse.Namespace, keys: Keys) -> int:
    try:
        until = expiry(args.expires) if args.expires else None
        key, text = keys.create(args.name, args.scope, args.origins, until)
    except KeyRequestError as error:
        _talk(str(error))
        return USAGE
    if "null" in key.origins:
        _talk(
            "คำเตือน: 'null' คือไฟล์ที่เปิดจากเครื่องและกรอบที่ถูกจำกัดทุกแห่ง / "
            "warning: 'null' is any local file and any sandboxed frame"
        )
    if args.json:
        _print(json.dumps({**as_dict(key), "key": text}, ensure_ascii=False, indent=2))
    else:
        _print(text)
    _talk("เก็บไว้ตอนนี้ จะไม่แสดงอีก / keep it now: it is not shown again")
    return 0


def _list(args: argparse.Namespace, keys: Keys) -> int:
    shown = [key for key in keys.all() if args.all or key.state() == "living"]
    if args.json:
        _print(json.dumps([as_dict(key) for key in shown], ensure_ascii=False, indent=2))
        return 0
    for key in shown:
        _print(_line(key))
    if not shown:
        _talk("ยังไม่มีกุญแจ / no keys; make one: karani keys create --name NAME")
    return 0


def _revoke(args: argparse.Namespace, keys: Keys) -> int:
    key = keys.revoke(args.key_id)
    if key is None:
        _talk(f"ไม่มีกุญแจ {args.key_id} ดู karani keys list --all / there is no such key")
        return FAILED
    _print(json.dumps(as_dict(key), ensure_ascii=False, indent=2) if args.json else _line(key))
    return 0


def as_dict(key: Key) -> dict[str, Any]:
    """The key as ``--json`` prints it."""
    shown = {name: value for name, value in asdict(key).items() if name != "allowed"}
    return {**shown, "origins": list(key.origins), "state": key.state()}


def _line(key: Key) -> str:
    until = f"until {key.expires}" if key.expires else "no end"
    used = f"used {key.last_used}" if key.last_used else "never used"
    where = " ".join(key.origins) or "any caller"
    return f"{key.key_id}  {key.state():<8}{key.scope:<7}{key.name}  ({where}; made {key.created}; {until}; {used})"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _talk(text: str) -> None:
    sys.stderr.write(f"{text}\n")
