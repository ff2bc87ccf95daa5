"""What people said of hits, kept for judging: the question, the hit, yes or no and why. Nothing about the person.

A receipt lets the one who voted, and nobody else, add a reason or change their mind: it is the row's number,
signed with a secret that lives as long as the service.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, Any, Literal, get_args

from corpus.store import Store
from service.database import Database

Reason = Literal["answers", "background", "off_topic", "wrong_case", "outdated", "unreadable", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
#: Which reasons a form offers after which vote.
REASONS_AFTER: dict[bool, tuple[Reason, ...]] = {
    True: ("answers", "background", "other"),
    False: ("off_topic", "wrong_case", "outdated", "unreadable", "other"),
}
MAX_COMMENT_CHARS = 500


@dataclass(frozen=True, slots=True)
class Feedback:
    """One judgement. ``rank`` counts from 1; 0 is the answer above the hits; ``None`` is unknown."""

    query: str
    document_id: str
    passage_id: str | None
    relevant: bool
    reason: Reason | None = None
    comment: str = ""
    rank: int | None = None


class Receipts:
    """Signs and reads receipts; one for the application's life."""

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret or secrets.token_bytes(32)

    def of(self, feedback_id: int) -> str:
        """The receipt of a stored judgement."""
        return f"{feedback_id}-{self._signature(feedback_id)}"

    def read(self, receipt: str) -> int | None:
        """The judgement's number, or ``None`` for a receipt that this service did not give."""
        number, _, signature = receipt.partition("-")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        right = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(int(number)).encode()
        )
        return int(number) if right else None

    def _signature(self, feedback_id: int) -> str:
        return hmac.new(self._secret, str(feedback_id).encode(), sha256).hexdigest()[:32]


def keep(database: Database, given: Feedback, generation: str, amends: int | None = None) -> int:
    """Store a judgement, or replace the one numbered ``amends`` where it is about the same hit.

    Returns the judgement's number.
    """
    received = datetime.now(UTC).isoformat(timespec="seconds")
    said = (int(given.relevant), given.reason or "", given.comment, generation, received)
    about = (given.query, given.document_id, given.passage_id)
    with database.writing() as connection:
        if amends is not None:
            changed = connection.execute(
                "UPDATE feedback SET relevant = ?, reason = ?, comment = ?, generation = ?, received = ? "
                "WHERE feedback_id = ? AND query = ? AND document_id = ? AND passage_id IS ?",
                (*said, amends, *about),
            )
            if changed.rowcount:
                return amends
        added = connection.execute(
            "INSERT INTO feedback (relevant, reason, comment, generation, received, query, document_id, passage_id, "
            "rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*said, *about, given.rank),
        )
        return int(added.lastrowid or 0)


def exported(database: Database, store: Store | None) -> Iterator[dict[str, Any]]:
    """Every judgement, oldest first, as ``karani eval pool --feedback`` reads them.

    With ``store``, the hit's title and text as they stand today; a hit that has left the corpus keeps its ids.
    """
    rows = database.rows(
        "SELECT query, document_id, passage_id, relevant, reason, comment, rank, generation, received "
        "FROM feedback ORDER BY feedback_id"
    )
    for query, document_id, passage_id, relevant, reason, comment, rank, generation, received in rows:
        line = {
            "query": query,
            "document_id": document_id,
            "passage_id": passage_id,
            "title": "",
            "text": "",
            "relevant": bool(relevant),
            "reason": reason or None,
            "comment": comment,
            "rank": rank,
            "generation": generation,
            "received": received,
        }
        if store is not None:
            line["title"] = store.titles([document_id]).get(document_id, "")
            passage = store.passage(passage_id) if passage_id else None
            line["text"] = passage.text if passage else ""
        yield {name: value for name, value in line.items() if value not in (None, "")}


def write(database: Database, store: Store | None, stream: IO[str]) -> int:
    """Write every judgement as a line of JSON; returns how many there are."""
    count = 0
    for line in exported(database, store):
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count
