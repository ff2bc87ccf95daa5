"""What the package needs at run time may be given to anybody: nothing under the GPL or the AGPL."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

#: Also the LGPL and MPL bind only changes to those packages themselves.
_STRONG = re.compile(r"(?<![L])(?:A?GPL)|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
_LESSER = re.compile(r"LGPL|Lesser General Public|Library General Public", re.IGNORECASE)


def needed(name: str) -> dict[str, Distribution]:
    """All packages that one pulls in on this platform, without extras, by name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [(name, frozenset[str]())]
    while left:
        wanted, extras = left.pop()
        key = re.sub(r"[-_.]+", "-", wanted).lower()
        if (key, extras) in seen:
            continue
        seen.add((key, extras))
        try:
            found[key] = distribution(wanted)
        except PackageNotFoundError:
            continue  # a choice that is not taken on this platform
        for line in found[key].requires or ():
            requirement, asked = Requirement(line), extras or {""}
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in asked):
                left.append((requirement.name, frozenset(requirement.extras)))
    return found


def stated(package: Distribution) -> str:
    """What a package says of its licence: the expression, the field's first line, the classifiers."""
    told = package.metadata
    field = (told.get("License") or "").strip().splitlines()[:1]
    kinds = [one for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    return " | ".join([told.get("License-Expression") or "", *field, *kinds])


def is_strong(licence: str) -> bool:
    """Whether every licence on offer is of the strong kind: ``MIT OR GPL-2.0`` leaves a choice."""
    return all(
        _STRONG.search(_LESSER.sub("", choice))
        for choice in re.split(r"\bOR\b|\|", licence)
        if choice.strip()
    ) and bool(_STRONG.search(_LESSER.sub("", licence)))


def test_no_package_needed_at_run_time_is_under_the_gpl() -> None:
    packages = needed("karani")
    assert len(packages) > 60
    strong = {name: licence for name, package in packages.items() if is_strong(licence := stated(package))}
    assert strong == {}


@pytest.mark.parametrize(
    ("licence", "strong"),
    [
        ("GPL-3.0-or-later", True), ("AGPL-3.0", True), ("GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("LGPL-2.1", False), ("GNU Lesser General Public License v3", False), ("MIT OR GPL-2.0", False),
        ("Apache-2.0", False), ("BSD-3-Clause", False), ("", False),
    ],
)  # fmt: skip
def test_the_kinds_are_told_apart(licence: str, strong: bool) -> None:
    assert is_strong(licence) is strong
