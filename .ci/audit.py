"""Known vulnerabilities of the installed packages: ``make audit``.

Exit status 1 where a package has a known vulnerability and a version without it exists; 0 where none has, where
there is no fix yet (told all the same), and where nobody could be asked; 2 where pip-audit itself is missing or broken.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

_COMMAND = (
    "-m",
    "pip_audit",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--skip-editable",
    "--timeout",
    "30",
)
#: What pip-audit says where the advisories cannot be reached, in lower case.
_UNREACHABLE = (
    "connectionerror",
    "connection",
    "timed out",
    "timeout",
    "resolve",
    "proxy",
    "ssl",
    "http",
    "503",
    "404",
)


def main() -> int:
    """Ask, tell, decide."""
    if importlib.util.find_spec("pip_audit") is None:
        return _say("audit: pip-audit is not installed: make test installs the development set-up", 2)
    done = subprocess.run([sys.executable, *_COMMAND], capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _unasked(done.stderr)
    found = [(package, one) for package in packages for one in package.get("vulns", ())]
    for package, one in found:
        fixed = ", ".join(one["fix_versions"]) or "no version yet"
        _say(f"audit: {package['name']} {package['version']}: {one['id']}, fixed in {fixed}", 0)
    fixable = sum(bool(one["fix_versions"]) for _, one in found)
    return _say(
        f"audit: {len(packages)} packages, {len(found)} known vulnerabilities, {fixable} with a fix",
        int(bool(fixable)),
    )


def _unasked(errors: str) -> int:
    last = (errors.strip().splitlines() or ["no output"])[-1]
    if any(word in errors.lower() for word in _UNREACHABLE):
        return _say(f"audit: NOT DONE, the advisory service cannot be reached from here ({last[:200]})", 0)
    return _say(f"audit: pip-audit failed: {last[:400]}", 2)


def _say(line: str, status: int) -> int:
    sys.stdout.write(f"{line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
