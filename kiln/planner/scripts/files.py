"""The File customizer: one file, fetched next to its destination and then moved into place."""

from __future__ import annotations

import shlex

from kiln.planner.scripts import powershell
from kiln.planner.scripts.powershell import PARAMETERS, literal
from kiln.planner.scripts.shell import FETCH, HEAD


def linux_file(destination: str) -> str:
    """Return the script for Linux. AIB writes below /tmp only and needs the directory; this makes it, anywhere."""
    target = shlex.quote(destination)
    return (
        f"{HEAD}{FETCH}"
        f"target={target}\n"
        'mkdir -p -- "$(dirname -- "$target")"\n'
        'kiln_fetch "$target.part"\n'
        'mv -f -- "$target.part" "$target"\n'
        'echo "wrote $(wc -c < "$target") bytes to $target"\n'
    )


def windows_file(destination: str) -> str:
    """Return the script for Windows; the directory is made where AIB needs it to be there."""
    return (
        f"{PARAMETERS}{powershell.HEAD}{powershell.FETCH}"
        f"$target = [IO.Path]::GetFullPath({literal(destination)})\n"
        "[IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($target)) | Out-Null\n"
        'Save-Artifact "$target.part"\n'
        "[IO.File]::Delete($target)\n"
        '[IO.File]::Move("$target.part", $target)\n'
        'Write-Output "wrote $((New-Object IO.FileInfo $target).Length) bytes to $target"\n'
    )
