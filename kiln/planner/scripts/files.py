"""The File customizer: one file, fetched next to its destination and then moved into place.

That a destination is a directory, or is under something that is none, only the machine knows: the step then fails
before anything is fetched, and says so. `mv` would put the file into the directory, under another name.
"""

from __future__ import annotations

import shlex

from kiln.planner.scripts import powershell
from kiln.planner.scripts.powershell import PARAMETERS, literal
from kiln.planner.scripts.shell import FETCH, HEAD

IS_DIRECTORY = "is a directory of this machine: end the destination with the name that the file gets in it"
NO_DIRECTORY = "cannot be made a directory of this machine: something that is none has that name or is above it"


def linux_file(destination: str) -> str:
    """Return the script for Linux. AIB writes below /tmp only and needs the directory; this makes it, anywhere."""
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
    """Return the script for Windows; the directory is made where AIB needs it to be there."""
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
