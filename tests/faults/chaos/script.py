"""Scripts of the chaos: endless sequences that a seed decides, one of requests for each client, and one of blows.

It owns the choice alone; it must not know how anything is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.faults.chaos.bodies import TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("base-one", "base-two", "shared-one", "shared-two", "lone")
VERBS = {
    "PUT": 4,
    "run": 6,
    "cancel": 2,
    "retry": 2,
    "DELETE": 1,
    "GET": 2,
    "PUT trigger": 3,
    "DELETE trigger": 1,
    "fire": 2,
}
LASTING = "lasting fault"
BLOB = "blob fault"
AZURE_DIES = "kill -9 the local Azure"
BLOWS = {
    "fault": 4,
    BLOB: 2,
    LASTING: 1,
    "kill -9 the host": 3,
    AZURE_DIES: 1,
    "restart Azurite": 1,
}
VARIANTS = 3
"""The number of variants of each template's body."""
CLIENT_PAUSE = (0.2, 2.0)
BLOW_PAUSE = (2.0, 6.0)
"""Seconds between blows, at least and at most."""
PASSING: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 503},
    {"drop": "before"},
    {"drop": "after"},
    {"delay": 1.0},
)
"""Faults of requests that pass."""
FOR_GOOD: tuple[dict[str, Any], ...] = (
    {"status": 403, "code": "AuthorizationFailed", "message": "The client does not have authorization."},
    {"status": 409, "code": "QuotaExceeded", "message": "The quota is used up."},
    {"operation": "Failed", "code": "InternalExecutionError", "message": "An internal execution error occurred."},
)
"""Refusals after which a request is not tried again; an operation that it began may end as Failed."""
OF_BLOBS: tuple[dict[str, Any], ...] = (
    {"status": 500, "code": "InternalError"},
    {"status": 503, "code": "ServerBusy"},
    {"drop": "before"},
    {"drop": "after"},
    {"delay": 1.0},
)
BLOBS = ("*/kiln/templates/*", "*/kiln/runs/*", "*/kiln/ledgers/*", "*/kiln*", "*/vhds*", "*")
PLACES = (
    "*/virtualmachines/*",
    "*/networkinterfaces/*",
    "*/disks/*",
    "*/versions*",
    "*/images/*",
    "*/resourcegroups/*",
)
METHODS = ("GET", "PUT", "POST", "DELETE", "*")
WRONG = {
    "fault": (PASSING, (*PLACES, "*"), METHODS),
    BLOB: (OF_BLOBS, BLOBS, ("GET", "PUT", "*")),
    LASTING: (FOR_GOOD, PLACES, METHODS),
}
"""By the kind of a blow: the faults of requests, the paths and the methods."""


@dataclass(frozen=True)
class Ask:
    """A client's request for a template, or for a trigger of it, after a pause in seconds."""

    pause: float
    verb: str
    name: str
    variant: int = 0
    trigger: str = ""

    def __str__(self) -> str:
        """Return it as a line of the log."""
        match self.verb:
            case "PUT":
                return f"PUT {self.name} (variant {self.variant})"
            case "PUT trigger" | "DELETE trigger":
                return f"{self.verb} {self.trigger} of {self.name}"
            case _:
                return f"{self.verb} {self.name}"


@dataclass(frozen=True)
class Blow:
    """A blow: something that breaks, after a pause in seconds; a fault has its rule for the local Azure."""

    pause: float
    kind: str
    rule: dict[str, Any] | None = None

    def __str__(self) -> str:
        """Return it as a line of the log."""
        return f"{self.kind} {self.rule}" if self.rule else self.kind


def asks(seed: int, client: int) -> Iterator[Ask]:
    """Yield the requests of one client: first a PUT of each template, for without any nothing happens."""
    random = Random(f"{seed} client {client}")  # repeatable, not secret
    for name in NAMES[client::2]:
        yield Ask(0.0, "PUT", name)
    while True:
        (verb,) = random.choices(tuple(VERBS), weights=tuple(VERBS.values()))
        yield Ask(
            random.uniform(*CLIENT_PAUSE),
            verb,
            random.choice(NAMES),
            random.randrange(VARIANTS),
            random.choice(tuple(TRIGGERS)),
        )


def blows(seed: int) -> Iterator[Blow]:
    """Yield the blows."""
    random = Random(f"{seed} blows")  # repeatable, not secret
    while True:
        (kind,) = random.choices(tuple(BLOWS), weights=tuple(BLOWS.values()))
        yield Blow(random.uniform(*BLOW_PAUSE), kind, _rule(random, kind))


def _rule(random: Random, kind: str) -> dict[str, Any] | None:
    """Return the fault rule of a blow of that kind, if it is about requests."""
    if kind not in WRONG:
        return None
    ways, places, methods = WRONG[kind]
    where = {"method": random.choice(methods), "path": random.choice(places)}
    return {**where, "times": random.randint(1, 4), **random.choice(ways)}
