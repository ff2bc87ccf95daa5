"""What every engine's generation holds beside its index: the dictionary, names, and how often its words stand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from corpus.segment import Segmenter, write_dictionary
from corpus.store import Store
from index import name_table
from index.corpus_words import COUNTS, write_counts
from index.delta import Delta
from index.name_table import names_of
from index.plan import Plan

DICTIONARY = "words.txt"


def begin(partial: Path, plan: Plan, snapshot: Store) -> Segmenter:
    """Write the dictionary of a generation in the making, or link its predecessor's; what passages are cut with."""
    if plan.base is None:
        write_dictionary(partial / DICTIONARY, _place_names(snapshot))
    else:
        os.link(plan.base / DICTIONARY, partial / DICTIONARY)
    return Segmenter(partial / DICTIONARY)


def finish(
    partial: Path,
    plan: Plan,
    snapshot: Store,
    segmenter: Segmenter,
    frequency: Callable[[str], int],
    delta: Delta | None,
) -> None:
    """Write names and word counts: all of them, or with a delta the names that came beside the predecessor's files.

    Args:
        partial: the generation's folder.
        plan: what it starts from.
        snapshot: the store as of its change.
        segmenter: what `begin` gave.
        frequency: in how many of its passages a word stands.
        delta: its delta.
    """
    if plan.base is None or delta is None:
        name_table.write(partial, names_of(snapshot), segmenter)
        write_counts(partial / COUNTS, partial / DICTIONARY, frequency)
        return
    name_table.write(delta.folder, names_of(snapshot, plan.base_change), segmenter)
    name_table.link(plan.base, partial)
    os.link(plan.base / COUNTS, partial / COUNTS)


def _place_names(snapshot: Store) -> list[str]:
    """Bare place names of the cases, so that บ้านบึง is one word wherever it stands."""
    names = set()
    for info in snapshot.cases():
        bare = info.case.name.removeprefix(info.case.kind).strip()
        if 2 < len(bare) <= 40 and " " not in bare:
            names.add(bare)
    return sorted(names)
