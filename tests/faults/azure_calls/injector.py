"""One fault in one call: in force while that call's activity runs, and no longer than it is meant to.

It must not know the expected outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.faults.azure_calls.calls import role_of
from tests.faults.by_turns import by_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.azure_calls.calls import Call
    from tests.faults.azure_calls.kinds import Kind
    from tests.faults.azure_calls.place import Place


class Around(Protocol):
    """An observer that is told when an activity begins and ends."""

    def enter(self, activity: str, payload: Any) -> None:
        """Hear that an activity begins."""
        ...

    def leave(self) -> None:
        """Hear that it has ended, good or bad."""
        ...


def watched(activities: dict[str, Callable[[Any], Any]], around: Around) -> dict[str, Callable[[Any], Any]]:
    """Return the activities, each with `around` told of its runs."""

    def watch(name: str, activity: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(payload: Any) -> Any:
            around.enter(name, payload)
            try:
                return activity(payload)
            finally:
                around.leave()

        return run

    return {name: watch(name, activity) for name, activity in activities.items()}


@dataclass
class Injector:
    """Makes `call` go wrong as `kind` says, in the first phase that it belongs to, until it has happened.

    Where Kiln's records are by turns in blobs, they are so while the fault is in force.
    """

    place: Place
    call: Call
    kind: Kind
    phase: str
    fired: int = 0
    _armed: bool = False

    def enter(self, activity: str, payload: Any) -> None:
        """Arm the fault if the activity is the one."""
        if activity == "report_progress":
            self.phase = str(payload["phase"])
        due = self.kind.times == 0 or self.fired < self.kind.times
        if not due or (activity, role_of(payload)) != (self.call.activity, self.call.role):
            return
        if self.fired == 0 and self.phase != self.call.phase:
            return
        rule = self.kind.rule(self.call)
        if rule is None:
            raise ValueError(f"{self.kind.name} is not for {self.call.id}")
        if records := by_turns():
            records.to_blobs()
        rule |= {"nth": 1 if self.fired else self.call.nth, "times": max(self.kind.times - self.fired, 0)}
        self.place.patience = self.kind.patience
        self._armed = True
        if self._blob:
            self.place.proxy.faults.replace([rule])
        else:
            self.place.control.put("/_local/faults", json=[rule]).raise_for_status()

    def leave(self) -> None:
        """Count how often it happened, and disarm it."""
        if not self._armed:
            return
        self._armed, self.place.patience = False, None
        if self._blob:
            shown = self.place.proxy.faults.show()
            self.place.proxy.faults.replace([])
        else:
            shown = self.place.control.get("/_local/faults").raise_for_status().json()
            self.place.control.delete("/_local/faults").raise_for_status()
        self.fired += shown[0]["fired"]
        if records := by_turns():
            records.to_memory()

    @property
    def _blob(self) -> bool:
        return self.call.service in {"blobs", "state"}
