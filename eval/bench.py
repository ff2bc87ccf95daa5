"""`make speed`: how fast this machine encodes passages and answers questions on the demo cases.

Prints rates beside a fixed piece of plain Python measured in the same run, so that
figures of different machines can be set against each other as ratios.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from corpus.settings import Settings
from index.encoders import BUILTIN, BUILTIN_FOLDER, StaticEncoder, load_encoder
from index.engine import Engine
from index.interfaces import Encoder
from index.preparing import passage_input

_LEAST_SECONDS = 0.5


def yardstick() -> float:
    """Million additions a second of a plain Python loop."""
    began, total = time.process_time(), 0
    for number in range(3_000_000):
        total += number
    return 3 / (time.process_time() - began)


def encoding(engine: Engine) -> float:
    """Passages a second on one core, contexts included.

    Every round loads the encoder anew: it remembers what it has cut, and a passage met twice would flatter it.
    """
    texts = [passage_input(stored) for batch in engine.store.stream() for stored in batch]
    done, spent = 0, 0.0
    while spent < _LEAST_SECONDS:
        encoder = fresh_encoder(engine)
        began = time.process_time()
        encoder.encode_passages(texts)
        spent += time.process_time() - began
        done += len(texts)
    return done / spent


def fresh_encoder(engine: Engine) -> Encoder:
    """The engine's encoder, loaded again."""
    name = engine.encoder.name
    return StaticEncoder(BUILTIN_FOLDER, name=name) if name == BUILTIN else load_encoder(name)


def answering(engine: Engine, questions: list[str]) -> dict[str, float]:
    """Milliseconds a question, everything on: median, 95th and 99th percentile."""
    for question in questions[:5]:
        engine.search(question)
    times = []
    for question in questions:
        began = time.perf_counter()
        engine.search(question)
        times.append((time.perf_counter() - began) * 1000)
    return {f"p{at}_ms": round(float(np.percentile(times, at)), 2) for at in (50, 95, 99)}


def main(data: Path) -> int:
    """Measure the data directory's index and print JSON."""
    lines = (Path(__file__).parent / "demo" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    engine = Engine.open(Settings(data=data))
    figures = {
        "passages": len(engine.opened.index),
        "yardstick_million_additions_s": round(yardstick(), 1),
        "encode_passages_s": round(encoding(engine)),
        "question": answering(engine, [json.loads(line)["text"] for line in lines]),
    }
    sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/demo")))
