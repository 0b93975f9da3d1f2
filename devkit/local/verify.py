"""`python -m devkit.local.verify VHD [SCRIPT]`: boot an image alone and show what a script finds in it.

It must not know how the image was built; the default script looks at what examples/hello-linux.json leaves.
"""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from devkit.guests.port import GuestError
from devkit.guests.qemu.verify import inspect_vhd

SCRIPT = """\
set -eu
for file in /etc/kiln-release /etc/motd; do
  echo "--- $file"
  cat "$file"
done
"""


def verify(
    vhd: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A fixed VHD; it stays as it is.")],
    script: Annotated[str, typer.Argument(help="Bash, run as root.", show_default="print both files")] = SCRIPT,
    timeout: Annotated[float, typer.Option(help="Seconds for the boot and for the script, each.")] = 300,
) -> None:
    """Boot VHD alone, run SCRIPT in it, and exit with its exit code; 1 if it does not boot."""
    typer.echo(f"Booting {vhd} in a machine of its own", err=True)
    began = time.monotonic()
    try:
        code, output = asyncio.run(inspect_vhd(vhd, script, timeout=timeout))
    except GuestError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(output.removesuffix("\n"))
    typer.echo(f"Booted and looked in {time.monotonic() - began:.0f} s", err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(verify)
