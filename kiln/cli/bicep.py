"""Compile Bicep files by Microsoft's own compiler, `bicep` or `az bicep`, into the ARM template that Kiln reads.

Source: Microsoft's "Bicep CLI commands": `build` and `build-params`, with `--stdout`.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.cli.faults import UsageFailure
from kiln.cli.json_file import parse_json

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 300
"""How long one compilation may take: it may first fetch modules from registries."""
_MISSING = (
    "Install it (https://learn.microsoft.com/azure/azure-resource-manager/bicep/install: `az bicep install`, or the "
    "`bicep` executable on PATH), or compile the file elsewhere: bicep build {file}, and give the JSON to kiln."
)
_MOST_SHOWN = 2_000
"""The most characters of the compiler's messages that an error shows."""


@dataclass(frozen=True)
class Compiled:
    """An ARM template's JSON value, and the parameters' JSON value if the file was one of parameters."""

    template: Any
    parameters: Any = None


def is_bicep(file: Path) -> bool:
    """Whether a file is in Bicep: its name ends in .bicep or .bicepparam."""
    return file.suffix.lower() in {".bicep", ".bicepparam"}


def compiled(file: Path) -> Compiled:
    """Compile a .bicep file, or a .bicepparam file with the template that it uses. Raises `UsageFailure`."""
    if file.suffix.lower() == ".bicep":
        return Compiled(_json(file, _run(file, "build")))
    both = _json(file, _run(file, "build-params"))
    members = both if isinstance(both, dict) else {}
    if "parameters" in members:  # a parameter file, as without --stdout
        return Compiled(None, members)
    texts = {name: members.get(name) for name in ("templateJson", "parametersJson")}
    template, parameters = (_json(file, text) if isinstance(text, str) else None for text in texts.values())
    if parameters is None:
        raise UsageFailure(f"{file}: `bicep build-params` gave no parameters.")
    return Compiled(template, parameters)


def _json(file: Path, text: str) -> Any:
    return parse_json(text, f"{file}, compiled")[1]


def _run(file: Path, verb: str) -> str:
    """Return what the compiler writes. Raises `UsageFailure` with the compiler's messages if it fails."""
    command = _command(file, verb)
    if not file.is_file():
        raise UsageFailure(f"{file} cannot be read: no such file.")
    try:
        done = subprocess.run(  # noqa: S603 - the command is a list, and the file's name one word of it
            command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise UsageFailure(f"{' '.join(command)} did not end within {SECONDS} seconds.") from error
    except OSError as error:
        raise UsageFailure(f"{command[0]} cannot be run: {error.strerror}.") from error
    if done.returncode != 0:
        messages = done.stderr.decode(errors="replace").strip()[-_MOST_SHOWN:]
        raise UsageFailure(f"{file} cannot be compiled: {' '.join(command)} exited with {done.returncode}.\n{messages}")
    return done.stdout.decode("utf-8-sig", errors="replace")


def _command(file: Path, verb: str) -> list[str]:
    path = str(file.absolute())  # no name of a file begins with a dash, then
    if bicep := shutil.which("bicep"):
        return [bicep, verb, path, "--stdout"]
    if az := shutil.which("az"):
        return [az, "bicep", verb, "--file", path, "--stdout"]
    raise UsageFailure(
        f"{file} is in Bicep, and neither bicep nor az is on PATH to compile it.", hint=_MISSING.format(file=file)
    )
