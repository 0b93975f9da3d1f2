"""Faults on purpose between Event Grid and its subscribers: duplicates, delays, another order, lost answers.

It owns the rules and their counting; it must not know how events are sent. All of it is what "at least once" and
"doesn't guarantee order" allow ("Event Grid message delivery and retry").
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devkit.azure.errors import invalid
from devkit.azure.shapes import BOOL, INT, NUMBER, STR, Must, Shape, check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devkit.azure.eventgrid.queue import Delivery

RULE: Shape = {
    "subscription": Must(STR),
    "type": STR,
    "nth": INT,
    "times": INT,
    "duplicate": INT,
    "delay": NUMBER,
    "reorder": NUMBER,
    "status": INT,
    "loseAnswer": BOOL,
}
_ON_PUBLISH = ("duplicate", "delay", "reorder")
_ON_ATTEMPT = ("status", "loseAnswer")


@dataclass
class DeliveryFault:
    """One rule and how often it was met; `nth` counts from 1, `times` 0 means for ever."""

    rule: dict[str, Any]
    met: int = 0
    window_end: float = 0.0
    rank: int = 0

    def meets(self, delivery: Delivery) -> bool:
        """Count a delivery that the rule is about, and say whether it goes wrong."""
        name = delivery.subscription.rsplit("/", 1)[-1]
        if not fnmatch.fnmatchcase(name.lower(), self.rule["subscription"].lower()):
            return False
        if not fnmatch.fnmatchcase(delivery.event.type, self.rule.get("type", "*")):
            return False
        self.met += 1
        nth, times = self.rule.get("nth", 1), self.rule.get("times", 0)
        return bool(self.met >= nth and (not times or self.met < nth + times))

    def hold_back(self, delivery: Delivery, now: float) -> None:
        """Hold an event back to the end of a window; of those held in it, the last comes first."""
        if now >= self.window_end:
            self.window_end, self.rank = now + self.rule["reorder"], 0
        self.rank -= 1
        delivery.due, delivery.rank = self.window_end, self.rank


class DeliveryFaults:
    """The rules in force; all that meet a delivery take effect."""

    def __init__(self) -> None:
        self._faults: list[DeliveryFault] = []

    def replace(self, rules: Iterable[Any]) -> None:
        """Put these rules in place of the old ones. Raises ArmError (400) for one that is ill-formed."""
        checked = [check(RULE, rule) for rule in rules]
        for rule in checked:
            if not rule.keys() & {*_ON_PUBLISH, *_ON_ATTEMPT}:
                raise invalid(f"A rule has one of {', '.join([*_ON_PUBLISH, *_ON_ATTEMPT])}.")
        self._faults = [DeliveryFault(rule) for rule in checked]

    def show(self) -> list[dict[str, Any]]:
        """List the rules with how often each was met."""
        return [{**fault.rule, "met": fault.met} for fault in self._faults]

    def published(self, delivery: Delivery, now: float) -> int:
        """Hold a new delivery back where a rule says so, and return how many duplicates of it there are to be."""
        copies = 0
        for fault in self._met(delivery, _ON_PUBLISH):
            copies += fault.rule.get("duplicate", 0)
            delivery.due += fault.rule.get("delay", 0.0)
            if "reorder" in fault.rule:
                fault.hold_back(delivery, now)
        return copies

    def attempted(self, delivery: Delivery) -> dict[str, Any]:
        """Return the rule for an attempt: {"status": n} instead of sending, {"loseAnswer": true} after it; or {}."""
        return next((fault.rule for fault in self._met(delivery, _ON_ATTEMPT)), {})

    def _met(self, delivery: Delivery, properties: Iterable[str]) -> list[DeliveryFault]:
        wanted = set(properties)
        return [fault for fault in self._faults if fault.rule.keys() & wanted and fault.meets(delivery)]
