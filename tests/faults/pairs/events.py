"""One new version of a marketplace image that rebuilds two templates, which publish into one image definition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.rebuild.contracts import (
    LIST_DEPENDENTS,
    LOOK_UP_VERSION,
    REBUILD_TEMPLATE,
    DependentsRequest,
    DependentTriggers,
    RebuildRequest,
    SourceVersion,
    VersionFacts,
)
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import MarketplaceImage
from kiln.runs.record import TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.triggers import Triggers
from tests.faults.pairs import builds
from tests.faults.pairs.builds import Builder, BuildMeeting

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.contracts.base import Message
    from tests.faults.pairs.place import Place
    from tests.flows.local_azure.kiln import Kiln

DEBIAN = MarketplaceImage(region="westeurope", publisher="Debian", offer="debian-12", sku="12-gen2")
TRIGGER = "base"


class Event:
    """Two templates that follow one image, of which there is a new version."""

    name, title, both_wait = "event", "one marketplace version, one image definition", True

    def __init__(self) -> None:
        self._kilns: tuple[Kiln, Kiln] | None = None

    def meet(self, place: Place, mark: str) -> EventMeeting:
        """Publish a version, and ask which templates follow it."""
        target = builds.next_version(place, mark)
        if self._kilns is None:
            self._kilns = (_following(place), _following(place))
        builders = tuple(Builder(place, kiln, f"echo {mark} {kiln.id.name}") for kiln in self._kilns)
        for builder in builders:
            builder.want(target)
        version = place.publish_debian()
        found = SourceVersion(source=DEBIAN, version=version, event=mark, at=datetime.now(UTC).isoformat())
        requests = {request.target.template.name: request for request in _requests(place, found, mark)}
        return EventMeeting(
            place, builders, 2, self._forget, requests={name: requests[name] for name in _names(builders)}
        )

    def _forget(self) -> None:
        self._kilns = None


@dataclass
class EventMeeting(BuildMeeting):
    """The rebuilds of the two that the event of the version starts."""

    requests: dict[str, RebuildRequest]

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Rebuild both."""
        return lambda: self._rebuild(self.builders[0]), lambda: self._rebuild(self.builders[1])

    def _rebuild(self, builder: Builder) -> None:
        kiln = builder.kiln
        before = set(Runs().ids(kiln.id))
        request = self.requests[kiln.id.name]
        result = kiln.runner.run(REBUILD_TEMPLATE.name, request.model_dump(mode="json"), instance_id=request.by)
        assert result.status == "Completed", result.error
        (builder.run_id,) = set(Runs().ids(kiln.id)) - before


def _names(builders: tuple[Builder, ...]) -> list[str]:
    return [builder.kiln.id.name for builder in builders]


def _following(place: Place) -> Kiln:
    kiln, now = builds.submitted(place), datetime.now(UTC)
    body = {"properties": {"kind": "SourceImage"}}
    Triggers().put(
        TriggerRecord(template=kiln.id, name=TRIGGER, kind="SourceImage", body=body, created=now, changed=now)
    )
    enter_trigger(kiln.template, TRIGGER, now)
    return kiln


def _requests(place: Place, found: SourceVersion, mark: str) -> list[RebuildRequest]:
    """Take the steps of a rebuild that are common to both templates; return the request for each."""
    activities = place.activities()

    def ask(name: str, message: Message) -> Any:
        answer = activities[name](message.model_dump(mode="json"))
        assert "error" not in answer, answer
        return answer["result"]

    facts = VersionFacts.model_validate(ask(LOOK_UP_VERSION.name, found))
    asked = DependentsRequest(found=found, by=mark, at=found.at)
    dependents = DependentTriggers.model_validate(ask(LIST_DEPENDENTS.name, asked)).triggers
    return [
        RebuildRequest(found=found, facts=facts, target=target, by=f"{mark}:{at}")
        for at, target in enumerate(dependents)
    ]
