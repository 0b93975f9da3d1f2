"""One staging group that two templates name: both new, or one being deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.runs.record import ProvisioningState
from kiln.runs.templates import Templates
from tests.flows.local_azure.kiln import STAGED, SUBSCRIPTION, Kiln, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.host.testing import FlowResult
    from tests.faults.pairs.place import Place


class Submissions:
    """Two new templates that name one group, which does not exist yet."""

    name, title, both_wait = "group", "one new staging group", True

    def meet(self, place: Place, mark: str) -> SubmissionMeeting:
        """Store both."""
        return SubmissionMeeting(place, mark, (_naming(place, mark), _naming(place, mark)))


@dataclass
class SubmissionMeeting:
    """The submissions of both, and then their deletions: first of the one that was refused."""

    place: Place
    group: str
    kilns: tuple[Kiln, Kiln]

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Submit both."""
        return lambda: _done(self.kilns[0].submit()), lambda: _done(self.kilns[1].submit())

    def problems(self) -> list[str]:
        """Judge whose the group is, and that nobody else's deletion touches it."""
        first, second = self.kilns
        states = [kiln.template.provisioning_state for kiln in self.kilns]
        if set(states) != {ProvisioningState.SUCCEEDED, ProvisioningState.FAILED}:
            told = [kiln.template.provisioning_error for kiln in self.kilns]
            return [f"the two are {' and '.join(states)}: {told}"]
        winner, loser = (first, second) if states[0] is ProvisioningState.SUCCEEDED else (second, first)
        found = [*_refusal(loser, winner), *_owned(self.place, self.group, winner)]
        _done(loser.delete())
        found += [f"when the refused one was deleted: {problem}" for problem in _owned(self.place, self.group, winner)]
        _done(winner.delete())
        return [*found, *_gone(self.place, self.group, winner), *_gone(self.place, None, loser)]


class Departure:
    """A template that names a group, and is being deleted; and a new one that names the same."""

    name, title, both_wait = "group-of-the-leaving", "a staging group whose template is being deleted", True

    def meet(self, place: Place, mark: str) -> DepartureMeeting:
        """Give the one the group, by its submission."""
        leaving = _naming(place, mark)
        _done(leaving.submit())
        assert leaving.template.provisioning_state is ProvisioningState.SUCCEEDED, leaving.template.provisioning_error
        place.renew(leaving)
        return DepartureMeeting(place, mark, leaving, _naming(place, mark))


@dataclass
class DepartureMeeting:
    """The deletion of the one and the submission of the other."""

    place: Place
    group: str
    leaving: Kiln
    coming: Kiln

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Delete the one, submit the other."""
        return lambda: _done(self.leaving.delete()), lambda: _done(self.coming.submit())

    def problems(self) -> list[str]:
        """Judge that the one is gone, and that the other has the group, at the latest when it is submitted again."""
        found = []
        if Templates().get(self.leaving.id) is not None:
            found.append("the one that was deleted is still there")
        if self.coming.template.provisioning_state is not ProvisioningState.SUCCEEDED:
            found += [*_refusal(self.coming, self.leaving), *_gone(self.place, self.group, self.leaving)]
            self.coming.put(self.coming.template.body)
            _done(self.coming.submit())
        if (state := self.coming.template.provisioning_state) is not ProvisioningState.SUCCEEDED:
            return [*found, f"the other is {state}: {self.coming.template.provisioning_error}"]
        found += _owned(self.place, self.group, self.coming)
        _done(self.coming.delete())
        return [*found, *_gone(self.place, self.group, self.coming)]


def _naming(place: Place, group: str) -> Kiln:
    named = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
    return place.kiln(template(stagingResourceGroup=named), staging_group=group)


def _done(result: FlowResult) -> None:
    assert result.status == "Completed", result.error


def _refusal(refused: Kiln, holder: Kiln) -> Iterator[str]:
    error = refused.template.provisioning_error
    if error is None or error.code != "BadStagingResourceGroup" or holder.id.name not in error.message:
        yield f"the one that was refused does not say that {holder.id.name} has the group: {error}"


def _owned(place: Place, group: str, owner: Kiln) -> Iterator[str]:
    found = place.find(_id(group))
    if found is None:
        yield f"the group {group} is not there"
        return
    tags = found.doc.get("tags", {})
    if not any(owner.id.arm.lower() in value.lower() for value in tags.values()):
        yield f"the group is not marked as that of {owner.id.name}: {tags}"
    if (staged := owner.resources()) != STAGED:
        yield f"the group of {owner.id.name} holds {staged}"


def _gone(place: Place, group: str | None, owner: Kiln) -> Iterator[str]:
    if Templates().get(owner.id) is not None and owner.template.provisioning_state is ProvisioningState.DELETING:
        yield f"{owner.id.name} is still there"
    if group is not None and place.find(_id(group)) is not None:
        yield f"the group {group}, which Kiln made, is still there"


def _id(group: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
