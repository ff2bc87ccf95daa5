"""Counts the tests that wanted data which is not here, so that nobody takes their silence for success."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many were skipped for an absent data set."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    absent = sum("KARANI_DATASETS" in str(report.longrepr) for report in skipped)
    if absent:
        terminalreporter.write_line(
            f"{absent} tests wanted data sets that are not here (KARANI_DATASETS names their folder)"
        )
