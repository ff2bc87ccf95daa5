"""How common each word is in Thai administrative prose at large: counted once, shipped as a table.

Evidence must weigh alike in a corpus of seven pages and of a million, so its
word weights come from this table and never from the corpus that is searched.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from corpus.cleaning import clean
from corpus.passages import split
from corpus.records import Page
from corpus.segment import default_segmenter

#: Words in fewer passages than this are left out: they weigh as unknown ones do.
_MIN_PASSAGES = 12
_EVERY = 6


def count_words(documents: Path, every: int = _EVERY) -> tuple[int, Counter[str]]:
    """Passages in all, and passages per term, over every n-th document of a ``.jsonl.zst`` file."""
    cut = default_segmenter().terms
    total, counts = 0, Counter[str]()
    for number, text in enumerate(tqdm(_texts(documents), unit="document", leave=False)):
        if number % every:
            continue
        cleaned = clean(text)
        page = Page(1, "", "", "", text, cleaned.text, cleaned.pieces, cleaned.blocks)
        for passage in split(page, [], "d"):
            total += 1
            counts.update(set(cut(passage.text)))
    return total, counts


def write_table(documents: Path, out: Path) -> int:
    """Write ``term<TAB>passages`` after a header line with the number of passages; rows written."""
    total, counts = count_words(documents)
    rows = sorted((term, n) for term, n in counts.items() if n >= _MIN_PASSAGES and not term.isdecimal())
    lines = [f"#passages\t{total}", *(f"{term}\t{n}" for term, n in rows)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


def _texts(path: Path) -> Iterator[str]:
    import io

    import zstandard

    with path.open("rb") as raw:
        reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(raw)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            document = json.loads(line)
            yield f"{document.get('title', '')}\n{document['text']}"
