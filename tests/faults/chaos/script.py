"""What clients ask and what breaks: endless sequences that a seed decides, one for each client, and one of blows.

It owns the choice alone; it must not know how anything is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("base-one", "base-two", "shared-one", "shared-two", "lone")
VERBS = {"PUT": 4, "run": 6, "cancel": 2, "retry": 2, "DELETE": 1, "PUT trigger": 1, "DELETE trigger": 1, "GET": 2}
BLOWS = {"fault": 5, "kill -9 the host": 3, "kill -9 the local Azure": 1, "restart Azurite": 1}
VARIANTS = 3
"""Of each template's body."""
CLIENT_PAUSE = (0.2, 2.0)
BLOW_PAUSE = (2.0, 6.0)
"""Seconds, at least and at most."""
PASSING: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 503},
    {"drop": "before"},
    {"drop": "after"},
    {"delay": 1.0},
)
"""How a request goes wrong: in ways that pass."""
PLACES = (
    "*/virtualmachines/*",
    "*/networkinterfaces/*",
    "*/disks/*",
    "*/versions*",
    "*/images/*",
    "*/resourcegroups/*",
    "*",
)
METHODS = ("GET", "PUT", "POST", "DELETE", "*")


@dataclass(frozen=True)
class Ask:
    """What a client asks of a template, after a pause in seconds."""

    pause: float
    verb: str
    name: str
    variant: int

    def __str__(self) -> str:
        """Return it as a line of the log."""
        return f"{self.verb} {self.name}" + (f" (variant {self.variant})" if self.verb == "PUT" else "")


@dataclass(frozen=True)
class Blow:
    """What breaks, after a pause in seconds; a fault has its rule for the local Azure."""

    pause: float
    kind: str
    rule: dict[str, Any] | None = None

    def __str__(self) -> str:
        """Return it as a line of the log."""
        return f"{self.kind} {self.rule}" if self.rule else self.kind


def asks(seed: int, client: int) -> Iterator[Ask]:
    """Yield what one client asks: first for each template, for without any nothing happens."""
    random = Random(f"{seed} client {client}")  # repeatable, not secret
    for name in NAMES[client::2]:
        yield Ask(0.0, "PUT", name, 0)
    while True:
        (verb,) = random.choices(tuple(VERBS), weights=tuple(VERBS.values()))
        yield Ask(random.uniform(*CLIENT_PAUSE), verb, random.choice(NAMES), random.randrange(VARIANTS))


def blows(seed: int) -> Iterator[Blow]:
    """Yield what breaks."""
    random = Random(f"{seed} blows")  # repeatable, not secret
    while True:
        (kind,) = random.choices(tuple(BLOWS), weights=tuple(BLOWS.values()))
        rule = None
        if kind == "fault":
            where = {"method": random.choice(METHODS), "path": random.choice(PLACES)}
            rule = {**where, "times": random.randint(1, 4), **random.choice(PASSING)}
        yield Blow(random.uniform(*BLOW_PAUSE), kind, rule)
