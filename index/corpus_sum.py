"""One number for all passages of a corpus, whatever their order: what came is added, what went is taken away.

Each passage's SHA-256 over its id and its context, summed modulo 2 to the 256th (AdHash: Bellare & Micciancio 1997).
It tells corpora apart, so that a generation can be compared with the store; it is no seal against people who mean harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from corpus.store import Store, StoredPassage

_MODULUS = 1 << 256
_AT_ONCE = 500


def corpus_sum(store: Store) -> str:
    """The sum over all passages of a store, in hexadecimal."""
    return told(sum(total(batch) for batch in store.stream()))


def changed(known: str, before: Store, removed: list[int], added: int) -> str:
    """The sum after some rows of ``before`` went and passages whose own sum is ``added`` came, from that of ``before``."""
    return told(int(known, 16) - _rows(before, removed) + added)


def _rows(store: Store, rows: list[int]) -> int:
    parts = (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
    return sum(total(store.stored(part).values()) for part in parts)


def total(passages: Iterable[StoredPassage]) -> int:
    """The sum over some passages, as a number of any size."""
    return sum(
        int.from_bytes(hashlib.sha256(f"{p.passage.passage_id}\x1f{p.context}".encode()).digest())
        for p in passages
    )


def told(total: int) -> str:
    """A sum as manifests state it: modulo 2 to the 256th, in hexadecimal."""
    return f"{total % _MODULUS:064x}"
