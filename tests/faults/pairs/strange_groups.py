"""Strangers, who are not Kiln, that make or delete the resource group that a template names, or that Kiln makes for it.

It owns what they do while the template is submitted, and the judgement of what is left once it is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.runs.record import ProvisioningState
from kiln.runs.templates import Templates
from tests.faults.pairs import turns
from tests.faults.pairs.access import Access
from tests.flows.local_azure.kiln import STAGED, SUBSCRIPTION, Kiln, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Literal

    from devkit.host.testing import FlowResult
    from tests.faults.pairs.place import Place

REGION = "westeurope"
OWN = {"owner": "a stranger"}


@dataclass
class StrangeGroup:
    """A submission, and a stranger who makes the group, perhaps with something in it, or deletes it."""

    name: str
    title: str
    does: Literal["makes", "fills", "deletes"]
    named: bool
    both_wait: bool = False

    def meet(self, place: Place, mark: str) -> StrangeGroupMeeting:
        """Store the template."""
        body = template()
        if self.named:
            body = template(stagingResourceGroup=_id(mark))
        kiln = place.kiln(body, staging_group=mark if self.named else None)
        return StrangeGroupMeeting(place, kiln, self.does)


@dataclass
class StrangeGroupMeeting:
    """The submission and the stranger; then another submission if the first failed, and the template's deletion."""

    place: Place
    kiln: Kiln
    does: str
    made: bool = False
    was_over: bool = False
    """Whether the submission was over before the stranger came, so that it could not tell of that."""

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Submit; interfere."""
        return lambda: _done(self.kiln.submit()), self._act

    @property
    def group(self) -> str:
        """The group's id."""
        return _id(self.kiln.template.staging_group)

    @property
    def theirs(self) -> str:
        """The id of the stranger's resource in it."""
        return f"{self.group}/providers/Microsoft.Network/networkSecurityGroups/theirs"

    def _act(self) -> None:
        self.was_over = self.kiln.template.settled == self.kiln.template.version
        turns.reach(Access("ARM", "DELETE" if self.does == "deletes" else "PUT", self.group.lower()))
        if self.does == "deletes":
            if self.place.find(self.group) is not None:
                self.place.ask("DELETE", self.group).raise_for_status()
            return
        if self.place.find(self.group) is not None:
            return
        self._ask("PUT", self.group, {"location": REGION, "tags": OWN})
        self.made = True
        if self.does == "fills":
            self._ask("PUT", self.theirs, {"location": REGION, "properties": {}})

    def _ask(self, method: str, resource_id: str, body: dict[str, Any] | None = None) -> None:
        self.place.ask(method, resource_id, body).raise_for_status()

    def problems(self) -> list[str]:
        """Judge what the submission says, that the next one succeeds, and what the deletion leaves."""
        found = []
        if self.kiln.template.provisioning_state is ProvisioningState.SUCCEEDED:
            found += [] if self.was_over else list(self._unlike())
        else:
            found += self._silent()
        if found or self.kiln.template.provisioning_state is not ProvisioningState.SUCCEEDED or self.was_over:
            found += self._again()
        _done(self.kiln.delete())
        return [*found, *self._left()]

    def _again(self) -> Iterator[str]:
        """Submit the template again, once the stranger's own things are out of its way."""
        if self.place.find(self.theirs) is not None:
            self._ask("DELETE", self.theirs)
        self.kiln.put({**self.kiln.template.body, "tags": {"again": "yes"}})
        self.place.renew(self.kiln)
        _done(self.kiln.submit())
        if self.kiln.template.provisioning_state is not ProvisioningState.SUCCEEDED:
            yield f"submitted again, it is {self.kiln.template.provisioning_error}"
        else:
            yield from self._unlike()

    def _unlike(self) -> Iterator[str]:
        """Yield what belies the success of its submission: a template and its staging group."""
        group = self.place.find(self.group)
        tags = group.doc.get("tags", {}) if group else {}
        if not any(self.kiln.id.name.lower() in value.lower() for value in tags.values()):
            yield f"the group is not marked as the template's: {tags if group else 'it is not there'}"
        own = [kind for kind in self.kiln.resources() if kind in STAGED]
        if not set(STAGED) <= set(own):
            yield f"the group holds {self.kiln.resources()}"

    def _silent(self) -> Iterator[str]:
        error = self.kiln.template.provisioning_error
        if error is None or self.kiln.template.staging_group.lower() not in error.message.lower():
            yield f"it does not name the group that was in its way: {error}"

    def _left(self) -> Iterator[str]:
        """Yield everything of the stranger's that the deletion took, and of Kiln's that it left."""
        if Templates().get(self.kiln.id) is not None:
            yield f"the template is still there: {self.kiln.template.deletion_error}"
            return
        group = self.place.find(_id(self._name))
        if self.made and group is None:
            yield "the stranger's group was deleted"
        if not self.made and group is not None:
            yield f"the group, which Kiln made, is still there: {group.doc.get('tags')}"

    def __post_init__(self) -> None:
        """Remember the group's name, which goes with the template."""
        self._name = self.kiln.template.staging_group


def _done(result: FlowResult) -> None:
    assert result.status == "Completed", result.error


def _id(group: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"


def all_of_them() -> tuple[StrangeGroup, ...]:
    """Return each stranger's deed."""
    return (
        StrangeGroup("group-made", "a stranger makes the named group", "makes", named=True),
        StrangeGroup("group-filled", "a stranger makes the named group, with something in it", "fills", named=True),
        StrangeGroup("group-deleted", "a stranger deletes the named group", "deletes", named=True),
        StrangeGroup("own-group-deleted", "a stranger deletes the group of Kiln's own", "deletes", named=False),
    )
