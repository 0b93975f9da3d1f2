"""`kiln local ...`: start Kiln on this machine, and look at what the local Azure got and has.

It owns names, options and screens; it must not know how anything is started.
"""

import json
import ssl
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from devkit.azurite import AzuriteUnavailable
from devkit.child import ChildFailed
from devkit.host.keys import saved_master_key
from devkit.local import lock
from devkit.local.endpoints import Endpoints
from devkit.local.eventing import EventingFailed
from devkit.local.options import GuestKind, LatencyProfile, Options, setting
from devkit.local.parts import keys_file
from devkit.local.sign_in import ADMIN, mint
from devkit.local.supervisor import PartEnded, Supervisor
from devkit.ports import PortTaken

app = typer.Typer(
    help="Run Kiln on this machine: Azurite, a local Azure and a local Functions host.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_DEFAULTS = Options()
_PATIENCE = 5.0  # seconds; everything is on this machine
_IMAGE = ("publisher", "offer", "sku")
_COLUMNS = ("status", "milliseconds", "method", "path", "api_version")

Data = Annotated[Path, typer.Option(envvar="KILN_LOCAL_DATA", help="The folder for all state, logs and certificates.")]
Port = Annotated[int, typer.Option(envvar="KILN_LOCAL_PORT", min=0, max=65535, help="Kiln's API (0: any free port).")]
AzurePort = Annotated[
    int, typer.Option(envvar="KILN_LOCAL_AZURE_PORT", min=0, max=65535, help="The local Azure, http and https.")
]
AzuritePort = Annotated[
    int, typer.Option(envvar="KILN_LOCAL_AZURITE_PORT", min=0, max=65535, help="Azurite's blob service.")
]
Guests = Annotated[
    GuestKind,
    typer.Option(envvar="KILN_LOCAL_GUESTS", help="Virtual machines: real ones, or scripted ones that only pretend."),
]
Latency = Annotated[
    LatencyProfile,
    typer.Option(
        envvar="KILN_LOCAL_LATENCY", help="Latency of the local Azure: as little as it can, or about Azure's."
    ),
]
TimeScale = Annotated[
    float, typer.Option(envvar="KILN_LOCAL_TIME_SCALE", min=0, help="A factor on the times of --latency azure.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KILN_NAME=VALUE",
        help="A setting of the app, as docs/deploy.md has them; more than once for more.",
    ),
]


@app.command()
def up(
    *,
    guests: Guests = _DEFAULTS.guests,
    latency: Latency = _DEFAULTS.latency,
    time_scale: TimeScale = _DEFAULTS.time_scale,
    port: Port = _DEFAULTS.port,
    azure_port: AzurePort = _DEFAULTS.azure_port,
    azurite_port: AzuritePort = _DEFAULTS.azurite_port,
    data: Data = _DEFAULTS.data,
    settings: Settings = None,
) -> None:
    """Start everything, print `ready URL` when all answer, and run until Ctrl-C or SIGTERM.

    The Functions host is restarted whenever it ends. Logs are in DATA/logs, URLs in DATA/endpoints.json. The app gets
    no settings from the shell's environment: use --set.
    """
    try:
        given = tuple(setting(text) for text in settings or ())
    except ValueError as error:
        _say(f"Error: {error}")
        raise typer.Exit(2) from error
    options = Options(guests, latency, time_scale, port, azure_port, azurite_port, data, settings=given)
    supervisor = Supervisor(options, say=_say, ready=lambda url: typer.echo(f"ready {url}"))
    try:
        supervisor.run()
    except (lock.AlreadyRunning, PortTaken, AzuriteUnavailable, ChildFailed, EventingFailed, PartEnded) as error:
        _say(f"Error: {error}")
        raise typer.Exit(1) from error


@app.command()
def status(*, data: Data = _DEFAULTS.data) -> None:
    """Show the parts that run on a data folder, and their URLs. Exit code 0 only if all parts answer."""
    endpoints = _endpoints(data)
    parts = (
        ("Kiln's API", endpoints.host, ""),
        ("local Azure", endpoints.azure, "/_local/latency"),  # a path that the list of requests leaves out
        ("Azurite", endpoints.blob, ""),
    )
    answers = [_answers(url + path, endpoints) for _, url, path in parts]
    for (name, url, _), answer in zip(parts, answers, strict=True):
        typer.echo(f"{name:<12} {url:<28} {'answers' if answer else 'does not answer'}")
    typer.echo(f"{'trust':<12} {endpoints.ca}")
    if not all(answers):
        raise typer.Exit(1)


@app.command()
def requests(
    *,
    data: Data = _DEFAULTS.data,
    count: Annotated[bool, typer.Option("--count", help="Print only how many there were.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget them instead.")] = False,
) -> None:
    """List the requests that the local Azure got: status, milliseconds, method, path, api-version."""
    if clear:
        _control("DELETE", "requests", data)
        return
    found = _control("GET", "requests", data)
    if count:
        typer.echo(found["count"])
        return
    for request in found["requests"]:
        typer.echo(" ".join(str(request[key]) for key in _COLUMNS))


@app.command()
def resources(*, data: Data = _DEFAULTS.data) -> None:
    """List the ids of the resources that the local Azure holds."""
    for resource in _control("GET", "resources", data)["resources"]:
        typer.echo(resource["id"])


@app.command("publish-version")
def publish_version(
    image: Annotated[str, typer.Argument(help="The marketplace image.", metavar="PUBLISHER:OFFER:SKU")],
    version: Annotated[str, typer.Argument(help="The new version, such as 12.20270101.1.")],
    *,
    data: Data = _DEFAULTS.data,
) -> None:
    """Publish a new version of an image in the local marketplace.

    Kiln's watcher finds it the next time that it looks; `kiln local watch` lets it look now.
    """
    parts = image.split(":")
    if len(parts) != len(_IMAGE) or not all(parts):
        _say(f"Error: {image!r} is not PUBLISHER:OFFER:SKU")
        raise typer.Exit(2)
    _control("POST", "marketplace", data, body={**dict(zip(_IMAGE, parts, strict=True)), "version": version})
    typer.echo(f"{image} has version {version}")


@app.command()
def watch(*, data: Data = _DEFAULTS.data) -> None:
    """Let Kiln's watcher look at the marketplace now, rather than when its timer is due."""
    endpoints = _endpoints(data)
    with _client(endpoints) as client:
        key = {"x-functions-key": saved_master_key(keys_file(data))}
        response = client.post(f"{endpoints.host}/admin/functions/watch_marketplace", headers=key)
    if response.is_error:
        _say(f"Error: the Functions host on {endpoints.host} answered {response.status_code}")
        raise typer.Exit(1)


@app.command()
def token(
    *,
    role: Annotated[
        list[str] | None, typer.Option(help="An app role, such as Kiln.Reader; more than once for more.")
    ] = None,
    data: Data = _DEFAULTS.data,
) -> None:
    """Print an access token for the local Kiln's API, good for an hour: an Admin's, or with the roles of --role.

    `kiln` itself gets its own. Try a role with KILN_TOKEN=$(kiln local token --role Kiln.Reader) kiln list.
    """
    endpoints = _endpoints(data)
    try:
        typer.echo(mint(endpoints.azure, endpoints.ca, tuple(role) if role else (ADMIN,)))
    except httpx.HTTPError as error:
        _say(f"Error: the local Azure on {endpoints.azure} gave no token: {error}")
        raise typer.Exit(1) from error


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _endpoints(data: Path) -> Endpoints:
    endpoints = Endpoints.load(data)
    if endpoints is None or not lock.is_held(data):
        _say(f"Error: nothing runs on {data.absolute()}: start it with `kiln local up`, or name its folder with --data")
        raise typer.Exit(1)
    return endpoints


def _answers(url: str, endpoints: Endpoints) -> bool:
    """Whether there is an HTTP answer, of whatever status: these URLs have no page of their own."""
    try:
        with _client(endpoints) as client:
            client.get(url)
    except httpx.TransportError:
        return False
    return True


def _control(method: str, what: str, data: Path, body: Any = None) -> Any:
    """Call the local Azure's control plane."""
    endpoints = _endpoints(data)
    try:
        with _client(endpoints) as client:
            response = client.request(method, f"{endpoints.azure}/_local/{what}", json=body)
    except httpx.HTTPError as error:
        _say(f"Error: the local Azure on {endpoints.azure} did not answer as it should: {error}")
        raise typer.Exit(1) from error
    if response.is_error:
        _say(f"Error: the local Azure answered {response.status_code}: {response.text}")
        raise typer.Exit(1)
    return json.loads(response.content) if response.content else None


def _client(endpoints: Endpoints) -> httpx.Client:
    trust = ssl.create_default_context(cafile=endpoints.ca)
    return httpx.Client(verify=trust, trust_env=False, timeout=_PATIENCE)
