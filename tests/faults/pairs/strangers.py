"""Strangers, who are not Kiln and have rights of their own, that make or delete what a run is to make, or has made.

It owns what strangers do to a target and the judgement of that; it must not know when they do it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from kiln import blobs
from kiln.ids import part_of
from kiln.runs.record import RunState
from tests.faults.pairs import builds, turns
from tests.faults.pairs.access import Access
from tests.faults.pairs.builds import Builder, Target
from tests.faults.pairs.truth import lies
from tests.flows.local_azure.kiln import GALLERY, GROUP, Kiln

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.pairs.place import Place

THEIRS = b"somebody's own blob"
REGION = "westeurope"


class Stranger(Protocol):
    """A stranger with an eye on a target."""

    def __init__(self, place: Place, mark: str) -> None:
        """Make everything that the deed needs."""
        ...

    target: str
    """The target's id or URL."""
    access: Access
    """The access of the deed, whether there is something to be done or not."""

    def act(self) -> None:
        """Make the target, or delete it."""
        ...

    def wrongs(self) -> Iterator[str]:
        """Yield everything that was done to what they made."""
        ...


@dataclass
class Interference:
    """A build, and a stranger. The build succeeds whatever they do, or may fail for it."""

    name: str
    title: str
    want: Callable[[Place, str], Target]
    stranger: Callable[[Place, str], Stranger]
    may_fail: bool
    both_wait: bool = False
    _kiln: Kiln | None = None

    def meet(self, place: Place, mark: str) -> InterferedBuild:
        """Give a template, submitted once, a new target."""
        target = self.want(place, mark)
        stranger = self.stranger(place, mark)
        if self._kiln is None:
            self._kiln = builds.submitted(place)
        builder = Builder(place, self._kiln, f"echo {mark} {self._kiln.id.name}")
        builder.want(target)
        return InterferedBuild(place, builder, stranger, self.may_fail, self._forget)

    def _forget(self) -> None:
        self._kiln = None


@dataclass
class InterferedBuild:
    """The build and the stranger."""

    place: Place
    builder: Builder
    stranger: Stranger
    may_fail: bool
    forget: Callable[[], None]
    before: list[str] = field(default_factory=list)
    was_over: bool = False
    """Whether the run was over before the stranger came, so that it could not tell of that."""

    def __post_init__(self) -> None:
        """Remember the resources that cost something already."""
        self.before = self.place.costly()

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Build; interfere."""
        return self.builder.build, self._act

    def _act(self) -> None:
        self.was_over = self.builder.is_over
        turns.reach(self.stranger.access)
        self.stranger.act()

    def problems(self) -> list[str]:
        """Judge the run's record, and what is left of the stranger's own."""
        run = self.builder.run
        if self.was_over:
            found = [] if run.state is RunState.SUCCEEDED else [f"undisturbed, the run is {run.state}: {run.message}"]
        else:
            found = lies(self.place, self.builder.kiln, run, self.builder.script, (self.stranger.target,))
            if run.state is not RunState.SUCCEEDED and not self.may_fail:
                found.append(f"the run is {run.state}: {run.message}")
        found += self.stranger.wrongs()
        if left := sorted(set(self.place.costly()) - set(self.before)):
            found.append(f"this is left, and costs something: {left}")
        if found:
            self.forget()
        return found


class MakesVersion:
    """Publishes a gallery version of their own."""

    number = "1.0.0"

    def __init__(self, place: Place, mark: str) -> None:
        """Make an image to publish."""
        self._place = place
        self._source = donated_version(place)
        self.target = f"{GALLERY}/images/{mark}/versions/{self.number}"
        self.access = Access("ARM", "PUT", self.target.lower())
        self._done = False

    def act(self) -> None:
        """Publish it, if it is not there."""
        if self._place.find(self.target) is not None:
            return
        body = {
            "location": REGION,
            "properties": {
                "storageProfile": {"source": {"id": self._source}},
                "publishingProfile": {"targetRegions": [{"name": REGION}]},
            },
        }
        self._place.ask("PUT", self.target, body).raise_for_status()
        self._done = True

    def wrongs(self) -> Iterator[str]:
        """Look for it."""
        if self._done:
            yield from _unlike(self._place, self.target, {"id": self._source})


class MakesNamedVersion(MakesVersion):
    """Publishes the very version that the template names."""

    number = "1.2.3"


class DeletesVersion:
    """Deletes the first version of an image definition."""

    def __init__(self, place: Place, mark: str) -> None:
        """Need nothing for the deed."""
        self._place = place
        self.target = f"{GALLERY}/images/{mark}/versions/1.0.0"
        self.access = Access("ARM", "DELETE", self.target.lower())

    def act(self) -> None:
        """Delete what there is."""
        self._place.ask("DELETE", self.target).raise_for_status()

    def wrongs(self) -> Iterator[str]:
        """Yield nothing: a deletion leaves nothing to look at."""
        yield from ()


class MakesImage:
    """Makes a managed image of their own."""

    def __init__(self, place: Place, mark: str) -> None:
        """Make a disk to make the image of."""
        self._place = place
        self._disk = donated_disk(place)
        self.target = f"{GROUP}/providers/Microsoft.Compute/images/{mark}"
        self.access = Access("ARM", "PUT", self.target.lower())
        self._done = False

    def act(self) -> None:
        """Make it, if it is not there."""
        if self._place.find(self.target) is not None:
            return
        disk = {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": self._disk}}
        properties = {"hyperVGeneration": "V2", "storageProfile": {"osDisk": disk}}
        self._place.ask("PUT", self.target, {"location": REGION, "properties": properties}).raise_for_status()
        self._done = True

    def wrongs(self) -> Iterator[str]:
        """Look for it."""
        found = self._place.find(self.target)
        if self._done and (found is None or found.doc.get("tags") or "sourceVirtualMachine" in found.properties):
            yield f"the stranger's {self.target} is {found}"


class DeletesImage:
    """Deletes the managed image."""

    def __init__(self, place: Place, mark: str) -> None:
        """Need nothing for the deed."""
        self._place = place
        self.target = f"{GROUP}/providers/Microsoft.Compute/images/{mark}"
        self.access = Access("ARM", "DELETE", self.target.lower())

    def act(self) -> None:
        """Delete what there is."""
        self._place.ask("DELETE", self.target).raise_for_status()

    def wrongs(self) -> Iterator[str]:
        """Yield nothing: a deletion leaves nothing to look at."""
        yield from ()


class MakesBlob:
    """Writes a blob of their own."""

    def __init__(self, place: Place, mark: str) -> None:
        """Need nothing for the deed."""
        self._place = place
        self.target = place.blob_url(mark)
        self.access = Access("blob", "PUT", urlsplit(self.target).path)
        self._done = False

    def act(self) -> None:
        """Write it, if it is not there."""
        from azure.core.exceptions import ResourceExistsError

        try:
            blobs.at(self.target).upload_blob(THEIRS)
        except ResourceExistsError:
            return
        self._done = True

    def wrongs(self) -> Iterator[str]:
        """Look for it."""
        head = self._place.blob_head(self.target) if self._done else None
        if self._done and (head is None or head[1].encode() != THEIRS):
            yield f"the stranger's {self.target} is {head}"


class DeletesBlob:
    """Deletes the blob."""

    def __init__(self, place: Place, mark: str) -> None:
        """Need nothing for the deed."""
        self.target = place.blob_url(mark)
        self.access = Access("blob", "DELETE", urlsplit(self.target).path)

    def act(self) -> None:
        """Delete what there is."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            blobs.at(self.target).delete_blob()
        except ResourceNotFoundError:
            return

    def wrongs(self) -> Iterator[str]:
        """Yield nothing: a deletion leaves nothing to look at."""
        yield from ()


def donated_version(place: Place) -> str:
    """Return the id of a gallery version that is nobody's business, built once."""
    name = "donated"
    made = f"{GALLERY}/images/{name}/versions/1.0.0"
    if place.find(made) is None:
        builder = Builder(place, builds.submitted(place), "echo donated")
        builder.want(builds.next_version(place, name))
        builder.build()
        assert builder.run.state is RunState.SUCCEEDED, builder.run.message
    return made


def donated_disk(place: Place) -> str:
    """Return the id of a disk that is nobody's business, made once."""
    version = donated_version(place)
    group = f"/subscriptions/{part_of(version, 'subscriptions')}/resourceGroups/rg-strangers"
    disk = f"{group}/providers/Microsoft.Compute/disks/donated"
    if place.find(disk) is None:
        place.ask("PUT", group, {"location": REGION}).raise_for_status()
        creation = {"createOption": "FromImage", "galleryImageReference": {"id": version}}
        body = {"location": REGION, "sku": {"name": "Standard_LRS"}, "properties": {"creationData": creation}}
        place.ask("PUT", disk, body).raise_for_status()
    return disk


def _unlike(place: Place, version: str, source: dict[str, Any]) -> Iterator[str]:
    found = place.find(version)
    if found is None or found.doc.get("tags") or found.properties["storageProfile"]["source"] != source:
        yield f"the stranger's {version} is {found}"


def all_of_them() -> tuple[Interference, ...]:
    """Return each stranger with what they have their eye on."""
    following = builds.next_version
    return (
        Interference("version-made", "a stranger publishes the next version", following, MakesVersion, may_fail=False),
        Interference("version-deleted", "a stranger deletes the version", following, DeletesVersion, may_fail=True),
        Interference(
            "named-version-made",
            "a stranger publishes the named version",
            builds.named_version,
            MakesNamedVersion,
            may_fail=True,
        ),
        Interference("image-made", "a stranger makes the managed image", builds.image, MakesImage, may_fail=True),
        Interference(
            "image-deleted", "a stranger deletes the managed image", builds.image, DeletesImage, may_fail=True
        ),
        Interference("vhd-made", "a stranger writes the blob", builds.vhd, MakesBlob, may_fail=True),
        Interference("vhd-deleted", "a stranger deletes the blob", builds.vhd, DeletesBlob, may_fail=True),
    )
