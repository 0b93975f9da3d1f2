"""What is wrong with the app's settings, and whether what they name answers."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kiln.access.reach_setting import configured_reach
from kiln.access.settings import Settings
from kiln.config import SETTINGS, config, set_names
from kiln.doctor import topic
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kiln.config import Config

DEPLOY = "See the table of parameters in docs/deploy.md; azd provision sets it."
OWN = "KILN_"
"""How the names of Kiln's own settings begin."""
KNOWN = tuple(name for name in SETTINGS if name.startswith(OWN))
CLOSE, CLOSER = 0.8, 0.9
"""How alike two names are that one of them is a slip (difflib's ratio): closer where the other one is set, too.

The template sets each of Kiln's settings. What only has a name like one may be the command line's, such as
`KILN_ENDPOINT`.
"""


def examine() -> Found:
    """Return what is wrong with this process's settings."""
    settings = config()
    findings = (*_of_values(settings), *_of_reach(), *_misspelled(set_names()), *topic.examine())
    text = f"State is in {settings.state_endpoint}."
    return Found(findings=findings, facts=(Fact(area=Area.SETTINGS, target="KILN_STATE_ENDPOINT", text=text),))


def _of_values(settings: Config) -> Iterator[Finding]:
    """Yield what is bad and what access lacks. All others that are bad keep the app from working, the doctor too."""
    told = {bad.name: bad.message for bad in (*settings.bad, *Settings.of(settings).problems)}
    for name, message in told.items():
        yield _finding(name, f"{message}.", DEPLOY)


def _of_reach() -> Iterator[Finding]:
    reach = configured_reach()
    if reach.closed:
        message = " ".join(
            filter(None, (reach.closed, reach.flaw, "Templates may name nothing but marketplace images."))
        )
        yield _finding("KILN_REACH", message, f"Say which resources templates may use. {DEPLOY}", Severity.WARNING)


def _misspelled(names: Collection[str]) -> Iterator[Finding]:
    for name in sorted(names):
        if not name.upper().startswith(OWN) or name in SETTINGS:
            continue
        meant = difflib.get_close_matches(name.upper(), KNOWN, n=1, cutoff=CLOSE)
        if meant and (meant[0] not in names or difflib.get_close_matches(name.upper(), meant, cutoff=CLOSER)):
            yield _finding(name, f"{name} is no setting of Kiln's.", f"{meant[0]} may be meant.", Severity.WARNING)


def _finding(target: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(area=Area.SETTINGS, severity=severity, target=target, message=message, fix=fix)
