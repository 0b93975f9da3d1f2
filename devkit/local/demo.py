"""`make demo`: a local Kiln, one build of examples/hello-linux.json with the `kiln` command, and what came of it.

It uses what a user uses, the command and the REST APIs; it must not reach into any part.
"""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from devkit.local.endpoints import Endpoints
from devkit.local.options import REPOSITORY, GuestKind, Options
from devkit.local.sign_in import mint
from devkit.ports import is_taken

_NAME = "hello-linux"
_TEMPLATE = REPOSITORY / "examples" / "hello-linux.json"
_TEMPLATE_PATH = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images"
    f"/providers/Microsoft.VirtualMachineImages/imageTemplates/{_NAME}"
)
_KILN = Path(sys.executable).with_name("kiln")
_READY = re.compile(r"^ready (\S+)$")
_STOP_SECONDS = 120


class DemoFailed(RuntimeError):
    """A step of the demo failed; the message says which."""


def demo(
    *,
    data: Annotated[Path, typer.Option(help="The folder for all state, logs and the VHD.")] = REPOSITORY / ".kiln/demo",
    guests: Annotated[
        GuestKind, typer.Option(help="Virtual machines: real ones, or scripted ones that only pretend.")
    ] = GuestKind.QEMU,
    verify: Annotated[bool, typer.Option(envvar="VERIFY", help="Boot the VHD at the end, and look into it.")] = False,
) -> None:
    """Build examples/hello-linux.json on this machine and show the gallery version and the VHD."""
    began = time.monotonic()
    data = data.absolute()
    vhd = data / f"{_NAME}.vhd"
    with failures_told(data):
        with local_kiln(data, guests) as endpoints:
            environment = environment_for(endpoints)
            step("Build", *kiln_command("build", str(_TEMPLATE), "--name", _NAME), environment=environment)
            download = kiln_command("download", _NAME, "--output", str(vhd), "--force")
            step("Download", *download, environment=environment)
            outcome = _outcome(endpoints)
        if verify:
            step("Verify", sys.executable, "-m", "devkit.local.verify", str(vhd), environment=environment)
    typer.echo(f"\n{outcome}\nVHD              {vhd}\n\nDone in {time.monotonic() - began:.0f} s.")


@contextmanager
def failures_told(data: Path) -> Iterator[None]:
    """Let SIGTERM interrupt the block like Ctrl-C, and end the process with what went wrong in a line or two."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except DemoFailed as error:
        typer.echo(f"\nError: {error}\nLogs: {data / 'logs'}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("\nInterrupted; everything is stopped.", err=True)
        raise typer.Exit(130) from None


@contextmanager
def local_kiln(data: Path, guests: GuestKind) -> Iterator[Endpoints]:
    """Run `kiln local up` for the block; its progress goes to this process's stderr."""
    typer.echo("==> Start: Azurite, the local Azure and the local Functions host", err=True)
    command = [*kiln_command("local", "up"), "--guests", guests, "--data", str(data), *_ports(data)]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *command],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=_without_settings(),
        process_group=0,  # Ctrl-C is for this process, which then stops it
        text=True,
    ) as local:
        try:
            _wait_until_ready(local)
            endpoints = Endpoints.load(data)
            if endpoints is None:
                raise DemoFailed("`kiln local up` is ready but left no endpoints")
            yield endpoints
        finally:
            local.terminate()
            local.wait(_STOP_SECONDS)


def _wait_until_ready(local: subprocess.Popen[str]) -> None:
    for line in local.stdout or ():
        if _READY.match(line):
            return
    raise DemoFailed(f"`kiln local up` ended with exit code {local.wait()}")


def _ports(data: Path) -> list[str]:
    """Choose ports: those of the last demo on this data, else the usual ones, else free ones where others use these."""
    usual = Options()
    ports = {"--port": usual.port, "--azure-port": usual.azure_port, "--azurite-port": usual.azurite_port}
    again = Endpoints.load(data) is not None
    return [str(word) for option, port in ports.items() for word in (option, 0 if again or is_taken(port) else port)]


def _without_settings() -> dict[str, str]:
    """Return this environment without `kiln`'s settings for other places; the cache is the user's choice."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KILN_") or "CACHE" in name}


def kiln_command(*arguments: str) -> tuple[str, ...]:
    """Return the `kiln` command of this installation with its arguments."""
    return str(_KILN), *arguments


def environment_for(endpoints: Endpoints) -> dict[str, str]:
    """Return the environment in which `kiln` finds the local Kiln."""
    return _without_settings() | {"KILN_ENDPOINT": endpoints.host, "KILN_CA_FILE": endpoints.ca}


def step(title: str, *command: str, environment: Mapping[str, str]) -> None:
    """Run a command on this terminal. Raises DemoFailed unless it succeeds."""
    typer.echo(f"==> {title}: {' '.join((Path(command[0]).name, *command[1:]))}", err=True)
    code = subprocess.run(command, env=environment, check=False).returncode
    if code != 0:
        raise DemoFailed(f"{title.lower()} ended with exit code {code}")


def _outcome(endpoints: Endpoints) -> str:
    """Ask Kiln for the gallery version's id, and the local Azure for the regions where it can be used."""
    trust = ssl.create_default_context(cafile=endpoints.ca)
    with httpx.Client(verify=trust, trust_env=False, timeout=30) as client:
        outputs = _get(
            client,
            f"{endpoints.host}{_TEMPLATE_PATH}/runOutputs",
            {"api-version": "2024-02-01"},
            {"Authorization": f"Bearer {mint(endpoints.azure, endpoints.ca)}"},
        )
        properties = [output["properties"] for output in outputs["value"]]
        version = next(found["artifactId"] for found in properties if "/galleries/" in found.get("artifactId", ""))
        asking = {"api-version": "2019-08-01", "resource": "https://management.azure.com"}
        token = _get(client, f"{endpoints.azure}/msi/token", asking, {"X-IDENTITY-HEADER": "local"})["access_token"]
        image = _get(
            client,
            f"{endpoints.azure}{version}",
            {"api-version": "2024-03-03", "$expand": "ReplicationStatus"},
            {"Authorization": f"Bearer {token}"},
        )
    regions = image["properties"]["replicationStatus"]["summary"]
    where = ", ".join(f"{region['region']} ({region['state']})" for region in regions)
    return f"Gallery version  {version}\nRegions          {where}"


def _get(client: httpx.Client, url: str, query: dict[str, str], headers: dict[str, str]) -> Any:
    """Return an answer's JSON. Raises DemoFailed."""
    response = client.get(url, params=query, headers=headers)
    if response.is_error:
        raise DemoFailed(f"GET {url}: {response.status_code} {response.text}")
    return response.json()


if __name__ == "__main__":
    typer.run(demo)
