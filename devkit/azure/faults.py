"""Faults on purpose: rules that say which request goes wrong, and how.

It owns matching and counting; it must not know what the request would have done.
"""

from __future__ import annotations

import asyncio
import fnmatch
from dataclasses import dataclass, field
from typing import Any

from devkit.azure.shapes import ANY, BOOL, INT, MAP, NUMBER, STR, Must, OneOf, Shape, check

RULE: Shape = {
    "method": Must(STR),
    "path": Must(STR),
    "nth": INT,
    "times": INT,
    "status": INT,
    "code": STR,
    "message": STR,
    "details": ANY,
    "retry_after": NUMBER,
    "operation": OneOf(("Failed",)),
    "drop": OneOf(("before", "after")),
    "replication": {"region": Must(STR), "state": OneOf(("Failed",)), "details": STR, "seconds": NUMBER},
    "delay": NUMBER,
    "headers": MAP,
    "body": STR,
    "truncate": INT,
    "hold": NUMBER,
    "blocked": BOOL,
}
"""A `blocked` request waits, before its effect, until the rules are replaced or withdrawn.

`delay` comes before the effect, `hold` after it, both in seconds. `body` is answered as it is, as `status` (without
one, 200) and without an effect; `truncate` is how many bytes of the true answer are left, after the effect."""
HTML = "text/html"
_OK = 200
_THROTTLED = 429


@dataclass
class Fault:
    """One rule and how often it was met; `nth` counts from 1, `times` 0 means for ever."""

    rule: dict[str, Any]
    met: int = 0
    fired: int = 0
    withdrawn: asyncio.Event = field(default_factory=asyncio.Event)

    def meets(self, method: str, path: str) -> bool:
        """Count a request that the rule is about, and say whether it goes wrong."""
        if self.rule["method"].upper() not in {"*", method}:
            return False
        if not fnmatch.fnmatchcase(path.lower(), self.rule["path"].lower()):
            return False
        self.met += 1
        nth, times = self.rule.get("nth", 1), self.rule.get("times", 1)
        if self.met < nth or (times and self.met >= nth + times):
            return False
        self.fired += 1
        return True

    def error(self) -> dict[str, Any]:
        """Build the error object that the rule asks for."""
        throttled = self.rule.get("status") == _THROTTLED
        error = {
            "code": self.rule.get("code", "SubscriptionRequestsThrottled" if throttled else "InternalServerError"),
            "message": self.rule.get("message", "A fault rule of the local Azure made this fail."),
        }
        return error | ({"details": self.rule["details"]} if "details" in self.rule else {})

    def raw(self) -> tuple[int, str, dict[str, str]] | None:
        """Return status, text and headers of an answer that no service gave; None if the rule asks for none."""
        if "body" not in self.rule:
            return None
        return self.rule.get("status", _OK), self.rule["body"], {"Content-Type": HTML} | self.headers()

    def cut(self, body: bytes) -> bytes:
        """Return what the rule leaves of an answer's body."""
        return body[: self.rule.get("truncate", len(body))]

    def headers(self) -> dict[str, str]:
        """Build the headers of a refused request."""
        headers = {name: str(value) for name, value in self.rule.get("headers", {}).items()}
        if "retry_after" in self.rule:
            headers["Retry-After"] = f"{self.rule['retry_after']:g}"
        return headers


class Faults:
    """The rules in force; the first that meets a request decides."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def replace(self, rules: list[Any]) -> None:
        """Put these rules in place of the old ones, whose blocked requests go on.

        Raises ArmError (400) for one that is ill-formed.
        """
        new = [Fault(check(RULE, rule)) for rule in rules]
        for fault in self._faults:
            fault.withdrawn.set()
        self._faults = new

    def add(self, rule: Any) -> None:
        """Add a rule behind the others. Raises ArmError (400) if it is ill-formed."""
        self._faults.append(Fault(check(RULE, rule)))

    def show(self) -> list[dict[str, Any]]:
        """List the rules with how often each was met and fired."""
        return [{**fault.rule, "met": fault.met, "fired": fault.fired} for fault in self._faults]

    def meet(self, method: str, path: str) -> Fault | None:
        """Find the rule that makes this request go wrong; every rule about it counts it."""
        hits = [fault for fault in self._faults if fault.meets(method, path)]
        return hits[0] if hits else None
