"""The File customizer's script: fetches one file next to its destination and then moves it into place.

Only the machine knows whether a destination is a directory, or is below something that is not one: the step then fails
before anything is fetched, and says so. `mv` would put the file into the directory, under another name.
"""

from __future__ import annotations

import shlex

from kiln.planner.scripts import powershell
from kiln.planner.scripts.powershell import PARAMETERS, literal
from kiln.planner.scripts.shell import FETCH, HEAD

IS_DIRECTORY = "is a directory of this machine: add the file name to the destination"
NO_DIRECTORY = "cannot be made as a directory: it, or a part of its path, exists and is not a directory"


def linux_file(destination: str) -> str:
    """Return the script for Linux. AIB needs an existing directory below /tmp; this makes the directory, anywhere."""
    target = shlex.quote(destination)
    return (
        f"{HEAD}{FETCH}"
        f"target={target}\n"
        'folder=$(dirname -- "$target")\n'
        'if [ -d "$target" ]; then\n'
        f"  printf '%s %s\\n' \"$target\" '{IS_DIRECTORY}'\n"
        "  exit 1\n"
        "fi\n"
        'if ! mkdir -p -- "$folder"; then\n'
        f"  printf '%s %s\\n' \"$folder\" '{NO_DIRECTORY}'\n"
        "  exit 1\n"
        "fi\n"
        'kiln_fetch "$target.part"\n'
        'mv -f -- "$target.part" "$target"\n'
        'echo "wrote $(wc -c < "$target") bytes to $target"\n'
    )


def windows_file(destination: str) -> str:
    """Return the script for Windows. It makes the directory, which AIB needs to exist."""
    return (
        f"{PARAMETERS}{powershell.HEAD}{powershell.FETCH}"
        f"$target = [IO.Path]::GetFullPath({literal(destination)})\n"
        "$folder = [IO.Path]::GetDirectoryName($target)\n"
        "if ([IO.Directory]::Exists($target)) {\n"
        f'  Write-Output "$target {IS_DIRECTORY}"\n'
        "  exit 1\n"
        "}\n"
        "try {\n"
        "  [IO.Directory]::CreateDirectory($folder) | Out-Null\n"
        "} catch {\n"
        f'  Write-Output "$folder {NO_DIRECTORY}, or the drive is not there: $_"\n'
        "  exit 1\n"
        "}\n"
        'Save-Artifact "$target.part"\n'
        "[IO.File]::Delete($target)\n"
        '[IO.File]::Move("$target.part", $target)\n'
        'Write-Output "wrote $((New-Object IO.FileInfo $target).Length) bytes to $target"\n'
    )
