"""`kiln download`: download a template's VHD into a sparse file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from kiln.cli import wording
from kiln.cli.api import Api
from kiln.cli.faults import ExitCode, Failure, UsageFailure
from kiln.cli.screens.console import screen, stdout
from kiln.cli.transfer.blob import Blob
from kiln.cli.transfer.download import download as transfer
from kiln.cli.trust import trust_in

_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,64}")
"""A run output's name (`runOutputName`). It is checked because it becomes a file's name, whatever the server says."""

if TYPE_CHECKING:
    from kiln.cli.session import Session
    from kiln.cli.transfer.download import Downloaded
    from kiln.cli.views import TemplateOutput


def download(session: Session, name: str, output: str | None, target: Path | None, *, force: bool) -> ExitCode:
    """Download a VHD output, the only one if none is named, to `target` or to OUTPUT.vhd."""
    with Api(session) as api:
        wanted = choose(name, api.outputs(name), output)
        file = _file(target, wanted.name, force=force)
        access = api.access(name, wanted.name)
    environment = session.environment
    trust = trust_in(access.access_sas.reveal(), session.settings.trust)
    with Blob(access.access_sas, trust, sleep=environment.sleep, transport=environment.blob_transport) as blob:
        done = _with_progress(blob, file)
    console = stdout()
    console.print(Text(str(file.absolute()), style="bold"))
    size = f"{done.size} bytes ({wording.size(done.size)}), {wording.size(done.transferred)} transferred"
    console.print(Text(f"size    {size}"))
    console.print(Text(f"sha256  {done.sha256}"))
    return ExitCode.SUCCESS


def choose(name: str, outputs: list[TemplateOutput], asked: str | None) -> TemplateOutput:
    """Return the VHD output that is meant. If that is not clear, raises a `Failure` that lists the choices."""
    disks = [output for output in outputs if output.artifact_uri]
    choices = ", ".join(output.name for output in disks)
    hint = f"VHD outputs of {name}: {choices}." if disks else f"{name} has no VHD output; see `kiln show {name}`."
    if asked is None:
        if len(disks) == 1:
            return disks[0]
        raise UsageFailure("Name the output to download." if disks else "There is nothing to download.", hint=hint)
    for output in outputs:
        if output.name.lower() == asked.lower():
            if output.artifact_uri:
                return output
            raise UsageFailure(f"{output.name} is a gallery image version: it has no file to download.", hint=hint)
    raise Failure(f"{name} has no output {asked}.", hint=hint)


def _file(target: Path | None, output: str, *, force: bool) -> Path:
    if not _NAME.fullmatch(output):
        raise Failure(f"{output!r} is not a valid name of an output, so it is not used as a file's name.")
    file = target or Path(f"{output}.vhd")
    if file.is_dir():
        file /= f"{output}.vhd"
    if file.exists() and not force:
        raise UsageFailure(f"{file} exists.", hint="Replace it with --force, or name another with -o.")
    if not file.absolute().parent.is_dir():
        raise UsageFailure(f"{file.parent} is not a folder.")
    return file


def _with_progress(blob: Blob, file: Path) -> Downloaded:
    console = stdout()
    with _bar(shown=console.is_terminal) as bar:
        task = bar.add_task("downloading", total=None)

        def start(total: int) -> None:
            if not console.is_terminal:
                console.print(f"Downloading {wording.size(total)} ...")
            bar.update(task, total=total)

        def check() -> None:
            if not console.is_terminal:
                console.print("Computing the checksum ...")
            bar.update(task, description="checksum")

        return transfer(blob, file, on_start=start, on_bytes=lambda count: bar.advance(task, count), on_check=check)


def _bar(*, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=screen(),
        disable=not shown,
        transient=True,
    )
