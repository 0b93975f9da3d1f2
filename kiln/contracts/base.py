"""The base of contracts: what activities, orchestrators and messages are, and the messages that many share.

A contract is a name with its input and its output. Orchestrators call by these tokens and activities implement them,
so that neither imports the other. Each stands beside its messages, in the modules here and in kiln.rebuild, kiln.sweep
and kiln.doctor. All of it ends up in durable histories, which are public: no message ever carries a secret.
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
    """Return a message as JSON for a history, where every character is stored, moved and replayed: without defaults.

    So a `kind` that tells the members of a union apart has none.
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
    """Who wants to hear how far a wait is: a phase of a run, told what it is `about`."""

    run: RunRef
    phase: Phase
    about: str


class WaitRequest(Message):
    """Ask `check` (an activity's name) with `payload` until it is done, for `within` seconds at the most.

    A `listener` is told the check's note whenever it is another. `deadline` (ISO 8601) and `told` (the latest note) are
    carried from the first generation through the later ones.
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
    """Whether an operation is over. One that has an `owner` is given up as soon as the owner's work is.

    Deletions have none: they go on.
    """

    owner: Owner | None = None
    operation: Operation


CHECK_OPERATION = Activity("check_operation", OperationCheck, Progress)
WAIT = Orchestrator("wait", WaitRequest, Progress)
