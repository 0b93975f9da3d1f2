"""The audit of deployed packages for vulnerabilities: `python -m devkit.supply_chain.audit` asks PyPI (pip-audit).

It owns the verdict: a vulnerability fails, and so does an audit that breaks; where PyPI's database cannot be reached,
nothing is judged, which is said and fails only with --strict. There is no other way to pass.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from devkit.supply_chain.lock import read_lock

if TYPE_CHECKING:
    from collections.abc import Callable

LOCK = Path(__file__).parents[2] / "requirements.txt"
DATABASE = "https://pypi.org/pypi/{name}/{version}/json"
"""PyPI's own answer about a release, with its vulnerabilities (PyPI's "JSON API")."""
CONNECT_SECONDS = 5
AUDIT_SECONDS = 300


class Verdict(Enum):
    """Ends of an audit."""

    CLEAN = "clean"
    VULNERABLE = "vulnerable"
    BROKEN = "broken"
    UNREACHABLE = "not judged"


@dataclass(frozen=True)
class Audited:
    """An audit's end, and what a person should know of it."""

    verdict: Verdict
    told: str


def audit(lock: Path, *, reachable: Callable[[], bool], ask: Callable[[Path], str]) -> Audited:
    """Judge the pins of `lock`. `reachable` tells whether the database is, `ask` returns pip-audit's JSON."""
    if not reachable():
        return _unreachable()
    text = ask(lock)
    try:
        found: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audited(Verdict.BROKEN, f"pip-audit made no report:\n{text}") if reachable() else _unreachable()
    bad = [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'none yet'}"
        for each in found
        for flaw in each.get("vulns", ())
    ]
    unknown = {pin.name for pin in read_lock(lock.read_text(encoding="utf-8"))}
    unknown -= {each["name"] for each in found if "skip_reason" not in each}
    if bad:
        return Audited(Verdict.VULNERABLE, "\n".join(bad))
    if unknown:
        return Audited(Verdict.BROKEN, f"the database knows nothing of {', '.join(sorted(unknown))}")
    return Audited(Verdict.CLEAN, f"none of {len(found)} packages is known to be vulnerable")


def _unreachable() -> Audited:
    return Audited(Verdict.UNREACHABLE, f"{DATABASE.split('{', maxsplit=1)[0]} does not answer: no package was judged")


def is_reachable(lock: Path = LOCK) -> bool:
    """Whether PyPI tells about a release that is there: a mirror may serve files and know nothing of them."""
    pin = read_lock(lock.read_text(encoding="utf-8"))[0]
    try:
        answer = httpx.get(DATABASE.format(name=pin.name, version=pin.version), timeout=CONNECT_SECONDS)
        return answer.is_success and "vulnerabilities" in answer.json()
    except (httpx.TransportError, ValueError):
        return False


def pip_audit(lock: Path) -> str:
    """Return what pip-audit prints of the pins of `lock`: JSON, or what went wrong."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", str(CONNECT_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_SECONDS, check=False)
    return done.stdout or done.stderr


def main() -> int:
    """Print the verdict; 0 if it is good, or if nothing could be judged and that is no failure here."""
    parser = argparse.ArgumentParser(prog="python -m devkit.supply_chain.audit", description="Judge requirements.txt.")
    parser.add_argument("--strict", action="store_true", help="fail if the database cannot be reached, too")
    options = parser.parse_args()
    audited = audit(LOCK, reachable=is_reachable, ask=pip_audit)
    sys.stdout.write(f"audit: {audited.verdict.value}: {audited.told}\n")
    good = {Verdict.CLEAN} if options.strict else {Verdict.CLEAN, Verdict.UNREACHABLE}
    return 0 if audited.verdict in good else 1


if __name__ == "__main__":
    sys.exit(main())
