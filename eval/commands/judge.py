"""``karani eval judge``: grade a pool in the browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO

from eval.commands.options import Subparsers, command, settings_of

_EXAMPLE = "karani eval judge pool.jsonl --port 8001"
GUIDELINES = """2 ตอบ: อ่านเอกสารนี้อย่างเดียวก็ตอบคำถามได้ แม้คำตอบเป็นเพียงประโยคเดียว
1 ช่วย: พูดเรื่องเดียวกันและช่วยให้หาคำตอบต่อได้ แต่ยังตอบไม่ได้
0 ไม่ตอบ: มีคำตรงกันแต่เป็นเรื่องอื่น
ตัดสินจากเนื้อความ ไม่ใช่จากความน่าเชื่อถือหรือความใหม่ ถ้าลังเลระหว่างสองระดับให้เลือกระดับต่ำกว่า

2 answers: this document alone answers the question, if only in one sentence.
1 helps: it is about the same matter and helps to find the answer, but does not give it.
0 does not: it shares words, not the matter.
Judge what it says, not how new or trustworthy it is. When in doubt between two grades, take the lower."""


def add(subparsers: Subparsers) -> None:
    """Add the command's options."""
    parser = command(subparsers, "judge", "grade a pool in the browser, by keyboard", _EXAMPLE)
    parser.add_argument("pool", type=Path, help="the file of `eval pool`")
    parser.add_argument(
        "--guidelines", type=Path, help="a text file to show judges instead of the built-in one"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8001, help="TCP port (default 8001)")


def execute(args: argparse.Namespace, out: IO[str]) -> int:
    """Serve until interrupted; grades go to ``<data>/judgements.sqlite``."""
    import uvicorn

    from eval.judgements import Judgements
    from eval.judging.app import create_app
    from eval.pool import read_pool

    pool = read_pool(args.pool)
    guidelines = args.guidelines.read_text(encoding="utf-8") if args.guidelines else GUIDELINES
    judgements = Judgements(settings_of(args).data / "judgements.sqlite")
    hosts = ["127.0.0.1", "localhost", "[::1]", args.host] if args.host not in ("0.0.0.0", "::") else ["*"]  # noqa: S104
    out.write(f"http://{args.host}:{args.port}/  ({pool.pairs()} documents, Ctrl-C to stop)\n")
    out.flush()
    try:
        app = create_app(pool, judgements, guidelines, hosts)
        uvicorn.run(app, host=args.host, port=args.port, log_level="warning")
    finally:
        judgements.close()
    return 0
