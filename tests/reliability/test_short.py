"""The short form of `make reliability`: a few trials of each fault, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.reliability import faults
from tests.reliability.processes import ROOT

pytestmark = pytest.mark.skipif(bool(faults.lacking()), reason=faults.lacking() or "-")
FAULTS = ("kill", "damage", "disk", "full", "restart", "updates")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    file = tmp_path_factory.mktemp("reliability") / "outcomes.json"
    few = ["--trials", "6", "--seconds", "6", "--seed", "1", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability", *FAULTS, *few],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    found = json.loads(file.read_text(encoding="utf-8"))["outcomes"]
    assert done.returncode == int(any(one["failures"] for one in found))
    return dict(zip(FAULTS, found, strict=True))


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_and_nothing_is_wrong(outcomes: dict[str, dict[str, Any]], fault: str) -> None:
    assert outcomes[fault]["failures"] == []
    if "not tried" in outcomes[fault]["figures"]:
        pytest.skip(outcomes[fault]["figures"]["not tried"])
    assert outcomes[fault]["trials"] > 0
