"""Kiln's own Functions app on the local Functions host, over a local Azure in this process: start, kill, calls."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from devkit.child import Child
from devkit.specification import of_httpx
from tests.answers import ANSWERED
from tests.tokens import bearer

if TYPE_CHECKING:
    from types import TracebackType

    from devkit.local.in_process import InProcessAzure

REPOSITORY = Path(__file__).parents[2]
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg-images"
GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/galleries/gallery"
API = {"api-version": "2025-10-01"}
SECONDS = 60
ANY = ("--port", "0")
READY = re.compile(r"^ready (https://\S+)")
NO_LIMIT = {"KILN_RATE_LIMIT": "0"}
"""Settings that lift the rate limit: tests ask more often than Resource Manager would let a client."""


@dataclass
class KilnApp:
    """The app on `azure`, with its durable state in `folder`; a context manager. `kill` is kill -9."""

    azure: InProcessAzure
    folder: Path
    state_account: str
    settings: dict[str, str] = field(default_factory=dict)
    """Settings besides those of `azure`, or in their place."""
    address: str = field(default="", init=False)

    def __enter__(self) -> Self:
        trust = self.azure.azurite.certificates.client_context()
        self._client = httpx.Client(event_hooks=of_httpx(ANSWERED), timeout=SECONDS, verify=trust)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.stop()

    def start(self) -> None:
        """Start the host; after a kill it goes on where the last one was."""
        self.child = Child("the Functions host", self.command(), log=self.log_file, environment=self.environment())
        self.address = self.child.wait_for(READY, timeout=SECONDS)[1]

    def command(self) -> list[str]:
        """Return the command that starts the host, on any port."""
        return [
            *(sys.executable, "-m", "devkit.host", "--app", str(REPOSITORY), *ANY),
            *("--db", str(self.folder / "hub.db"), "--tls", str(self.azure.azurite.certificates.ca.parent)),
        ]

    def environment(self) -> dict[str, str]:
        """Return the host's whole environment."""
        return {
            "PATH": os.environ["PATH"],
            **NO_LIMIT,
            **self.azure.environment(self.state_account),
            **self.settings,
        }

    @property
    def log_file(self) -> Path:
        """The file of the host's log, over all its lives."""
        return self.folder / "host.log"

    def kill(self) -> None:
        """Let the host die without a word."""
        self.child.process.send_signal(signal.SIGKILL)
        self.child.process.wait()

    def stop(self) -> None:
        """Stop the host in order."""
        self.child.stop()

    def log(self) -> str:
        """Return the host's log, over all its lives."""
        return self.log_file.read_text()

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call Kiln's API below rg-images' image templates, with an Admin's token unless `headers` are given."""
        request: dict[str, Any] = {"params": API, "headers": bearer(self.azure), **more}
        return self._client.request(method, f"{self.address}{template_path(path)}", **request)

    def submit(self, name: str, body: dict[str, Any]) -> None:
        """PUT a template."""
        answer = self.call("PUT", name, json=body)
        assert answer.is_success, answer.text

    def run(self, name: str) -> str:
        """Start a run; return its id."""
        answer = self.call("POST", f"{name}/run")
        assert answer.status_code == 202, answer.text
        newest = self.call("GET", f"{name}/runs").json()["value"][0]
        return str(newest["name"])

    def run_state(self, name: str, run_id: str) -> dict[str, Any]:
        """Return a run's properties."""
        answer = self.call("GET", f"{name}/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        properties: dict[str, Any] = answer.json()["properties"]
        return properties

    def run_log(self, name: str, run_id: str) -> str:
        """Return a run's customization.log."""
        return self.call("GET", f"{name}/runs/{run_id}/log").text


def template_path(rest: str) -> str:
    """Return the path of an image template, or of what is below it."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
        f"/providers/Microsoft.VirtualMachineImages/imageTemplates/{rest}"
    )


def template(image: str, **properties: Any) -> dict[str, Any]:
    """Return a template with a Shell and a File customizer, a gallery target in two regions and a VHD."""
    return {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
            "customize": [
                {"type": "Shell", "name": "hello", "inline": ["echo hello"]},
                {"type": "File", "name": "motd", "sourceUri": "data:,welcome", "destination": "/etc/motd"},
            ],
            "distribute": [
                {
                    "type": "SharedImage",
                    "runOutputName": "gallery",
                    "galleryImageId": f"{GALLERY}/images/{image}",
                    "targetRegions": [{"name": "westeurope"}, {"name": "northeurope"}],
                },
                {"type": "VHD", "runOutputName": "vhd"},
            ],
            **properties,
        },
    }


def resources(azure: InProcessAzure, *, group: str) -> set[str]:
    """Return the ids (lower case) of all that the local Azure holds in resource groups whose names hold `group`."""
    found = httpx.get(f"{azure.http_url}/_local/resources", timeout=SECONDS).json()["resources"]
    return {item["id"].lower() for item in found if group.lower() in item["id"].lower()}


def kinds(ids: set[str]) -> list[str]:
    """Return the types of resources, sorted, one for each resource."""
    found = []
    for id_ in ids:
        parts = id_.split("/")
        found.append("/".join(parts[7::2]) if "providers" in parts else "resourcegroups")
    return sorted(found)
