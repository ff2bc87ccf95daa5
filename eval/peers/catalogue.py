"""The systems that are measured, and what is known of each before it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A system.

    Attributes:
        name: what ``--only`` takes.
        label: what tables say.
        module: in `eval.peers.systems`.
        has_packages: whether it needs the peers' virtual environment.
        expected_s: seconds that it took at 12,000 documents on two cores, to tell how much time is left.
        built_by: the name of the system whose index it opens; its own where empty.
        note: how it was set up, for the table's legend.

    """

    name: str
    label: str
    module: str
    has_packages: bool
    expected_s: float
    built_by: str = ""
    note: str = ""


CATALOGUE = (
    Entry("karani", "Karani, in process", "karani_engine", False, 120, note="everything on, as `karani ask`"),
    Entry(
        "karani-http", "Karani, over HTTP", "karani_http", False, 60, built_by="karani",
        note="`karani serve` with default settings, clients on the same cores",
    ),
    Entry("fts5", "SQLite FTS5 trigram", "fts5", False, 180, note="any trigram of the question, `bm25`; no vectors"),
    Entry(
        "by-hand", "bm25s + FAISS by hand", "by_hand", True, 500,
        note="newmm words, flat index, reciprocal rank fusion",
    ),
    Entry("txtai", "txtai hybrid", "txtai_hybrid", True, 200, note="`hybrid=True`, all defaults"),
    Entry(
        "lancedb", "LanceDB hybrid", "lancedb_hybrid", True, 250,
        note="native full-text index, default reranker; a vector index from 100,000 rows on",
    ),
    Entry(
        "haystack", "Haystack in-memory hybrid", "haystack_hybrid", True, 900,
        note="BM25 and embedding retrievers, joined by reciprocal rank",
    ),
)  # fmt: skip


def chosen(names: str) -> tuple[Entry, ...]:
    """Entries by their names, comma-separated, in the catalogue's order; all where nothing is named.

    A system that opens another's index brings that one along.

    Raises:
        ValueError: an unknown name.

    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = wanted - {entry.name for entry in CATALOGUE}
    if unknown:
        known = ", ".join(entry.name for entry in CATALOGUE)
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; expected some of {known}")
    wanted |= {entry.built_by for entry in CATALOGUE if entry.name in wanted and entry.built_by}
    return tuple(entry for entry in CATALOGUE if not wanted or entry.name in wanted)
