"""A whole run: every system at every size, each alone, kept as soon as it is done."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eval.peers import environment, sizes
from eval.peers.catalogue import Entry
from eval.peers.kept import Kept
from eval.peers.measuring import Limits, Subject, measure
from eval.peers.progress import Teller
from eval.peers.questions import Questions
from eval.peers.sizes import Size
from eval.provenance import commit

#: The full corpus may take this much longer than the small one before a part is stopped.
_LONGER = 2.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What is to be measured, and where things lie.

    Attributes:
        folder: results, indexes in the making, logs and the peers' environment.
        corpora: the corpus file of each size.
        entries: systems, in order.
        questions: what they are asked.
        limits: seconds for each part at the small size.
        is_fresh: measure again what has a result.
        any_commit: take results of other commits, too.

    """

    folder: Path
    corpora: Sequence[tuple[Size, Path]]
    entries: Sequence[Entry]
    questions: Questions
    limits: Limits = field(default_factory=Limits)
    is_fresh: bool = False
    any_commit: bool = False

    @property
    def kept(self) -> Kept:
        """The results."""
        return Kept(self.folder / "results")

    def results(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What there is, by size and system."""
        return {
            size.name: {
                entry.name: found
                for entry in self.entries
                if (found := self.kept.read(size.name, entry.name)) is not None
            }
            for size, _ in self.corpora
        }

    def run(self, say: Callable[[str], None]) -> None:
        """Measure what has no result yet; stopping loses only the measurement in progress."""
        if self.is_fresh:
            for size, _ in self.corpora:
                for entry in self.entries:
                    self.kept.forget(size.name, entry.name)
        jobs = [(size, corpus, entry) for size, corpus in self.corpora for entry in self._wanting(size)]
        if not jobs:
            say("nothing left to measure (--fresh measures again)")
            return
        needs = any(entry.has_packages for _, _, entry in jobs)
        peers = environment.peers_python(self.folder / "peers", say) if needs else Path(sys.executable)
        teller = Teller(
            [(f"{entry.label}, {size.name}", self._expected(size, entry)) for size, _, entry in jobs]
        )
        for number, (size, corpus, entry) in enumerate(jobs):
            teller.next()
            python = peers if entry.has_packages else Path(sys.executable)
            rest = [(later.name, one) for later, _, one in jobs[number + 1 :]]
            self._measure(size, corpus, entry, python, teller, is_shared=any(
                name == size.name and one.built_by == entry.name for name, one in rest
            ))  # fmt: skip

    def _wanting(self, size: Size) -> list[Entry]:
        """Systems to measure: those without a result, and those whose index another one of them opens."""
        now = commit()

        def is_done(entry: Entry) -> bool:
            found = self.kept.read(size.name, entry.name)
            return found is not None and (self.any_commit or found["commit"] == now)

        wanting = {entry.name for entry in self.entries if not is_done(entry)}
        owners = {entry.built_by for entry in self.entries if entry.name in wanting and entry.built_by}
        wanting |= {name for name in owners if not self._index(size, name).exists()}
        return [entry for entry in self.entries if entry.name in wanting]

    def _index(self, size: Size, name: str) -> Path:
        return self.folder / "indexes" / size.name / name

    def _expected(self, size: Size, entry: Entry) -> float:
        before = self.kept.read(size.name, entry.name)
        if before is not None and before.get("took_s"):
            return float(before["took_s"])
        grown = size.documents / sizes.SIZES[0].documents
        return entry.expected_s * max(0.05, grown)

    def _measure(
        self, size: Size, corpus: Path, entry: Entry, python: Path, teller: Teller, *, is_shared: bool
    ) -> None:
        refused = self._refusal(size, entry)
        if refused:
            self.kept.write(size.name, entry.name, {"left_out": refused})
            teller.say(f"{entry.label}, {size.name}: {refused}")
            return
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        owner = entry.built_by or entry.name
        log = logs / f"{size.name}-{entry.name}.txt"
        log.unlink(missing_ok=True)
        subject = Subject(entry, python, corpus, self._index(size, owner), log)
        began = time.monotonic()
        try:
            figures = measure(subject, self.questions, self._limits(size), teller)
        finally:
            if not is_shared:
                shutil.rmtree(subject.folder, ignore_errors=True)
        found = self.kept.write(size.name, entry.name, {**figures, "took_s": time.monotonic() - began})
        teller.say(f"{entry.label}, {size.name}: {found.get('failed') or 'done'} in {found['took_s']:.0f} s")

    def _limits(self, size: Size) -> Limits:
        if size.name != sizes.SIZES[1].name:
            return self.limits
        longer = self.limits
        return replace(longer, build_s=_LONGER * longer.build_s, open_s=_LONGER * longer.open_s)

    def _refusal(self, size: Size, entry: Entry) -> str:
        """Why a system is not run at the full corpus; a server goes where its engine goes."""
        if size.name != sizes.SIZES[1].name:
            return ""
        return sizes.refusal(self.kept.read(sizes.SIZES[0].name, entry.built_by or entry.name))
