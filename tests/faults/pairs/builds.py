"""Builds of two templates into one target: two gallery versions, one version, one managed image, one VHD.

A managed image or a VHD may be there from an earlier run of one of the two, which replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kiln.runs.record import RunState
from tests.faults.pairs.truth import lies
from tests.flows.local_azure.kiln import Kiln, gallery, managed_image, template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kiln.runs.record import RunRecord
    from tests.faults.pairs.place import Place

Target = dict[str, Any]


@dataclass
class Builds:
    """Two templates whose builds have the same target."""

    name: str
    title: str
    winners: int
    """The number of the two that can have the target."""
    target: Callable[[Place, str], Target]
    both_wait: bool = True
    is_renewal: bool = False
    """Whether the first template has the target from an earlier run, and replaces it."""
    _kilns: tuple[Kiln, Kiln] | None = None

    def meet(self, place: Place, mark: str) -> BuildMeeting:
        """Give the two templates, submitted once, a new target."""
        target = self.target(place, mark)
        if self._kilns is None:
            self._kilns = (submitted(place), submitted(place))
        builders = tuple(Builder(place, kiln, f"echo {mark} {kiln.id.name}") for kiln in self._kilns)
        if self.is_renewal:
            earlier = Builder(place, self._kilns[0], f"echo earlier {mark}")
            earlier.want(target)
            earlier.build()
            assert earlier.run.state is RunState.SUCCEEDED, earlier.run
            builders[0].earlier_run = earlier.run_id
        for builder in builders:
            builder.want(target)
        return BuildMeeting(place, builders, self.winners, self._forget)

    def _forget(self) -> None:
        """Take new templates for the next case: these may have what they should not."""
        self._kilns = None


@dataclass
class Builder:
    """A template that is built once. `script` runs in its machine and in no other."""

    place: Place
    kiln: Kiln
    script: str
    earlier_run: str = ""
    """The id of the run that made the target before, if one did."""
    run_id: str = ""
    is_over: bool = False

    def want(self, target: Target) -> None:
        """Give the template this target, and an empty task hub."""
        self.kiln.put(
            template(customize=[{"type": "Shell", "name": "hello", "inline": [self.script]}], distribute=[target])
        )
        self.place.renew(self.kiln)

    def build(self) -> None:
        """Build to the end."""
        run, flow = self.kiln.start_build()
        self.run_id = run.run_id
        result = flow.finish()
        assert result.status == "Completed", result.error
        self.is_over = True

    @property
    def run(self) -> RunRecord:
        """The record of the run."""
        return self.kiln.run(self.run_id)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of template and run, one of which the other has to tell if this one was in its way."""
        return tuple(filter(None, (self.kiln.id.name, self.run_id, self.earlier_run)))


@dataclass
class BuildMeeting:
    """The builds of two templates."""

    place: Place
    builders: tuple[Builder, ...]
    winners: int
    forget: Callable[[], None]
    before: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        """Remember the resources that cost something already."""
        self.before = self.place.costly()

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Build both."""
        return self.builders[0].build, self.builders[1].build

    def problems(self) -> list[str]:
        """Judge the record of each run, and the remains of both."""
        found = []
        for one, other in (self.builders, self.builders[::-1]):
            found += lies(self.place, one.kiln, one.run, one.script, other.names)
        states = [builder.run.state for builder in self.builders]
        if (won := states.count(RunState.SUCCEEDED)) != self.winners:
            found.append(f"{won} of the two succeeded, not {self.winners}")
        if any(each.earlier_run and each.run.state is not RunState.SUCCEEDED for each in self.builders):
            found.append("who made it before could not replace it")
        if left := sorted(set(self.place.costly()) - set(self.before)):
            found.append(f"this is left, and costs something: {left}")
        if found:
            self.forget()
        return found


def submitted(place: Place) -> Kiln:
    """Return a template whose submission has succeeded."""
    kiln = place.kiln(template())
    kiln.submit()
    assert kiln.template.provisioning_state == "Succeeded", kiln.template.provisioning_error
    return kiln


def next_version(place: Place, mark: str) -> Target:
    """Return a distributor to an empty image definition, without a version's number."""
    place.make_definition(mark)
    return gallery("northeurope", image=mark)


def named_version(place: Place, mark: str) -> Target:
    """Return a distributor to a version of an empty image definition."""
    place.make_definition(mark)
    return gallery("northeurope", image=f"{mark}/versions/1.2.3")


def image(_: Place, mark: str) -> Target:
    """Return a distributor to a managed image."""
    return managed_image(mark)


def vhd(place: Place, mark: str) -> Target:
    """Return a distributor to a blob of somebody's storage account."""
    return {"type": "VHD", "runOutputName": "vhd", "uri": place.blob_url(mark)}
