"""The scripts that run in machines, as pure text: sh for Linux, Windows PowerShell 5.1 for Windows.

They own how a customizer or validator is done inside of a guest; what starts them is managed Run Command, as root or
Local System.
"""

from __future__ import annotations

ARTIFACT_VARIABLE = "KILN_ARTIFACT_URL"
"""The protected parameter with the signed URL of a step's artifact: Linux has it as a variable of the environment,
Windows as an argument `-KILN_ARTIFACT_URL`. It is gone before a template's own script runs."""

STILL_RESTARTING = 75
"""Exit code of a restart's check while the boot is the old one or the template's own check fails (EX_TEMPFAIL)."""
