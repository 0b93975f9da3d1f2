"""Examine the app's settings: find bad and missing values, misspelt names, and an Event Grid topic that is no use."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kiln.access.settings import Settings, configured_reach
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
"""How alike a name and a setting's must be for the name to count as misspelt (difflib's ratio).

The second ratio is for a setting that is set itself, as the deployment sets all of them: a name that resembles it may
be meant for something else, such as the command's `KILN_ENDPOINT`.
"""


def examine() -> Found:
    """Return findings for the settings of this process."""
    settings = config()
    findings = (*_of_values(settings), *_of_reach(), *_misspelled(set_names()), *topic.examine())
    text = f"State is in {settings.state_endpoint}."
    return Found(findings=findings, facts=(Fact(area=Area.SETTINGS, target="KILN_STATE_ENDPOINT", text=text),))


def _of_values(settings: Config) -> Iterator[Finding]:
    """Yield a finding for each bad value that the app can start with, and for each that signing in needs and lacks."""
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
            yield _finding(name, f"Kiln has no setting {name}.", f"Perhaps {meant[0]} is meant.", Severity.WARNING)


def _finding(target: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(area=Area.SETTINGS, severity=severity, target=target, message=message, fix=fix)
