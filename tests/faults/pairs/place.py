"""The place where two templates meet: one local Azure for all cases, records in memory, and Kilns that work by turns.

It owns these, and the looks at them; it must not know what the two compete for.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

import orchestrators
from devkit.azurite import Azurite
from devkit.guests.scripted.disk import read_disk
from devkit.host.testing import FlowRunner
from devkit.local.in_process import InProcessAzure
from kiln import blobs
from kiln.config import config, credential
from tests.contract.azure.harness import version_for
from tests.faults.pairs import turns
from tests.faults.pairs.access import Access, watched
from tests.faults.pairs.held import HeldWorks, held_works
from tests.flows.local_azure.kiln import GALLERY, Kiln, real_activities
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.azure.store import Resource

COSTLY = ("virtualmachines", "networkinterfaces", "disks", "snapshots")
"""Types of resources that cost something while they exist, and of those that exist only beside such."""
STRANGE_ACCOUNT = "strangers"
STRANGE_CONTAINER = "vhds"
DISK_HEAD = 1 << 16
"""Bytes of a scripted machine's disk that have its scripts."""


@dataclass
class Place:
    """The local Azure, and Kilns on it."""

    azure: InProcessAzure
    control: httpx.Client
    """A stranger's own client of Azure's API."""
    _works: HeldWorks
    _published: int = 20_300_000
    """The last version's number; new ones go on from there."""
    _activities: dict[str, Callable[[Any], Any]] = field(default_factory=real_activities)

    def kiln(self, body: dict[str, Any], *, staging_group: str | None = None) -> Kiln:
        """Return a new template."""
        kiln = Kiln(self.azure, body, staging_group=staging_group, activities=self.activities())
        self.renew(kiln)
        return kiln

    def renew(self, kiln: Kiln) -> None:
        """Give a template an empty task hub."""
        kiln.runner = FlowRunner(list(orchestrators.blueprints), kiln.activities, replay_once=True)

    def activities(self) -> dict[str, Callable[[Any], Any]]:
        """Return all activities, each with a wait for Azure to end its operations before it begins."""
        return {name: self._settled(name, activity) for name, activity in self._activities.items()}

    def settle(self) -> None:
        """Let Azure end all operations but the held one."""
        self.azure.run(self._works.settled())

    def hold(self, access: Access) -> None:
        """Hold the operation that Azure is about to begin there until `release`."""
        self._works.hold(access.path)

    def release(self) -> None:
        """Let Azure go on with the held operation."""
        self.azure.run(self._works.release())

    def _settled(self, name: str, activity: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(payload: Any) -> Any:
            turns.enter(name)
            self.settle()
            return activity(payload)

        return run

    def find(self, resource_id: str) -> Resource | None:
        """Return a resource as the local Azure has it, or None."""

        async def look() -> Resource | None:
            cloud = self.azure.server._cloud
            assert cloud is not None
            return cloud.store.find(resource_id)

        return self.azure.run(look())

    def ids(self) -> list[str]:
        """Return the ids (lower case) of all resources there are."""
        found = self.control.get("/_local/resources").raise_for_status().json()["resources"]
        return [item["id"].lower() for item in found]

    def costly(self) -> list[str]:
        """Return the ids of all resources that cost something."""
        return [id_ for id_ in self.ids() if id_.split("/")[-2] in COSTLY]

    def scripts(self, resource_id: str) -> str:
        """Return the scripts that ran in an image's machine, as the image itself has them."""
        found = self.find(resource_id)
        assert found is not None
        return "\n".join(run.script for run in read_disk(Path(found.private["file"])))

    def blob_head(self, url: str) -> tuple[dict[str, str], str] | None:
        """Return a VHD's metadata, names in lower case, and the scripts that ran in its machine; None without a VHD."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found = blobs.at(url).download_blob(offset=0, length=DISK_HEAD)
        except ResourceNotFoundError:
            return None
        metadata = {name.lower(): value for name, value in (found.properties.metadata or {}).items()}
        return metadata, found.readall().decode("latin-1")

    def blob_url(self, mark: str) -> str:
        """Return the URL of a blob in a storage account that is nobody's here."""
        return f"{self.azure.azurite.accounts.endpoint(STRANGE_ACCOUNT)}/{STRANGE_CONTAINER}/{mark}.vhd"

    def ask(self, method: str, resource_id: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send a request to Azure as somebody else with the right to, and wait until it is done."""
        turns.reach(Access("ARM", method, resource_id.lower()))
        token = credential().get_token(config().arm_scope).token
        answer = self.control.request(
            method,
            resource_id,
            params={"api-version": version_for(resource_id)},
            headers={"Authorization": f"Bearer {token}"},
            json=body,
        )
        self.settle()
        return answer

    def publish_debian(self) -> str:
        """Publish a version of a marketplace image that is newer than all; return it."""
        self._published += 1
        version = f"0.{self._published}.0"
        image = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": version}
        self.control.post("/_local/marketplace", json=image).raise_for_status()
        return version

    def make_definition(self, name: str) -> str:
        """Make an image definition like the seeded one; return its id."""
        seeded = self.ask("GET", f"{GALLERY}/images/base").raise_for_status().json()
        kept = ("osType", "osState", "hyperVGeneration", "architecture", "features")
        properties = {name: value for name, value in seeded["properties"].items() if name in kept}
        properties["identifier"] = {"publisher": "local", "offer": "images", "sku": name}
        made = f"{GALLERY}/images/{name}"
        body = {"location": seeded["location"], "properties": properties}
        self.ask("PUT", made, body).raise_for_status()
        return made


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Start the place."""
    (folder / "azure").mkdir()
    with (
        Azurite(folder / "azurite", in_memory=True) as azurite,
        InProcessAzure(azurite, folder / "azure") as azure,
        held_works(azure) as works,
        turns.in_a_row(),
        watched(turns.reach, lambda: azurite.port, lambda: azure.run(works.settled())),
        own_clients(azure.environment("pairs")),
        httpx.Client(base_url=azure.http_url, trust_env=False, timeout=60) as control,
    ):
        azurite.accounts.create(STRANGE_ACCOUNT)
        blobs.account(azurite.accounts.endpoint(STRANGE_ACCOUNT)).create_container(STRANGE_CONTAINER)
        yield Place(azure, control, works)
