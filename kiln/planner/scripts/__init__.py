"""The scripts that run in machines, as pure text: sh for Linux, Windows PowerShell 5.1 for Windows.

They do the work of customizers and validators in a guest. Managed Run Command starts them, as root or Local System.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiln.planner.facts import OperatingSystem

ARTIFACT_VARIABLE = "KILN_ARTIFACT_URL"
"""The protected parameter with the signed URL of a step's artifact: Linux has it as a variable of the environment,
Windows as an argument `-KILN_ARTIFACT_URL`. It is gone before a template's own script runs."""

STILL_RESTARTING = 75
"""Exit code of a restart's check if there was no new boot yet, or the template's own check fails (EX_TEMPFAIL)."""


def artifact_parameter(url: str, os: OperatingSystem) -> str:
    """Return an artifact's URL as the parameter of a script for `os`.

    Run Command for Windows puts parameters on a command line as they are, where the `&` of a signed URL ends the
    command (MicrosoftDocs/azure-docs issue 80366). Therefore the URL is coded in base64 there.
    """
    return base64.b64encode(url.encode()).decode() if os == "Windows" else url
