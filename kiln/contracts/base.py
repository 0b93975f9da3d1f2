"""The base of contracts: the classes of activities, orchestrators and messages, and the messages that many share.

A contract is a name with the types of its input and its output. Orchestrators call by these tokens and activities
implement them, so that neither imports the other. Each stands beside its messages, in the modules here and in
kiln.rebuild, kiln.sweep and kiln.doctor. All messages end up in durable histories, which are public: none ever carries
a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from kiln.ids import Owner, RunRef
from kiln.runs.record import Phase

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Activity(Generic[RequestT, ResultT]):
    """An activity: short, idempotent, run at least once."""

    name: str
    request: type[RequestT]
    result: type[ResultT]


@dataclass(frozen=True)
class Orchestrator(Generic[RequestT, ResultT]):
    """An orchestrator: replay-safe, run to its end exactly once."""

    name: str
    request: type[RequestT]
    result: type[ResultT]


def encoded(message: BaseModel) -> dict[str, Any]:
    """Return a message as JSON without default values, because a history stores, moves and replays every character.

    For that reason a `kind` that distinguishes the members of a union has no default.
    """
    return message.model_dump(mode="json", exclude_defaults=True)


class Message(BaseModel):
    """Base of all messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Message):
    """The result of an activity that is asked for its effect alone."""


class Operation(Message):
    """A long-running operation of Azure that was started. Without a `url` it was over at once.

    `more` are the URLs of operations that were started with it: it is over when all are. `retry_after` is in seconds,
    as Azure asked.
    """

    doing: str
    url: str | None = None
    more: tuple[str, ...] = ()
    retry_after: float = 0.0


class Progress(Message):
    """The answer of every check: done or not, when to ask again (seconds), one line for a person, an exit code."""

    done: bool
    retry_after: float = 0.0
    note: str | None = None
    exit_code: int | None = None


class Listener(Message):
    """The phase of a run that is told how far a wait is, and a text that says what the wait is `about`."""

    run: RunRef
    phase: Phase
    about: str


class WaitRequest(Message):
    """Ask `check` (an activity's name) with `payload` until it is done, for `within` seconds at the most.

    A `listener` is told the check's note whenever it changes. `deadline` (ISO 8601) and `told` (the latest note) are
    carried from the first generation of the wait to the later ones.
    """

    check: str
    payload: dict[str, Any]
    doing: str
    within: float
    first_delay: float = 0.0
    listener: Listener | None = None
    deadline: str | None = None
    told: str | None = None


class OperationCheck(Message):
    """The question whether an operation is over. With an `owner`, it is given up as soon as the owner's work is.

    Deletions have no owner: they go on.
    """

    owner: Owner | None = None
    operation: Operation


CHECK_OPERATION = Activity("check_operation", OperationCheck, Progress)
WAIT = Orchestrator("wait", WaitRequest, Progress)
