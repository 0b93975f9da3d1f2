"""One episode of an orchestration: recorded history and new messages in, a decision out.

It owns the context JSON, the order of new messages and the meaning of the SDK's state; it must not know of the
store, of threads or of time passing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from devkit.host.protocol import Event, EventType, RuntimeStatus, event
from devkit.host.replay import Replay
from devkit.host.sdk import SdkError
from devkit.host.work import NonDeterminismError, Work, require_nothing_new

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from devkit.host.functions import FunctionTable
    from devkit.host.records import Instance, Message


@dataclass(slots=True)
class History:
    """Recorded events of one generation, with the JSON text of each so that a replay need not make it again."""

    events: list[Event] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def extend(self, events: Sequence[Event]) -> None:
        """Add events that are now recorded."""
        self.events.extend(events)
        self.texts.extend(json.dumps({**item, "IsPlayed": True}) for item in events)


@dataclass(frozen=True, slots=True)
class Episode:
    """The input of one episode: an instance, its history, and the messages to handle."""

    instance: Instance
    history: History
    messages: tuple[Message, ...]
    suspended: bool
    started: datetime
    cold: bool
    refused: str | None = None
    """The reason for which the instance fails without being run, if it does."""

    @property
    def new_events(self) -> list[Event]:
        """The events of this episode, in history order."""
        return [event(EventType.ORCHESTRATOR_STARTED, self.started), *(item.event for item in self.messages)]


class Completion(NamedTuple):
    """The end of a generation: `value` is the output or the next input as JSON text, or a failure's text."""

    status: RuntimeStatus
    value: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of an episode: what the orchestrator wants, and what that means for its instance."""

    work: tuple[Work, ...] = ()
    cancelled_timers: tuple[int, ...] = ()
    carried: tuple[Event, ...] = ()
    custom_status: str | None = None
    completion: Completion | None = None
    awaited_events: tuple[str, ...] = ()


def select(messages: Sequence[Message], *, suspended: bool) -> tuple[tuple[Message, ...], bool]:
    """Choose the messages for an episode and tell whether the instance is suspended after them.

    A suspended instance takes nothing but a resume or a terminate; the rest stays in the inbox, and follows
    the resume in its old order.
    """
    taken: list[Message] = []
    held: list[Message] = []
    for message in messages:
        kind = message.event["EventType"]
        if kind == EventType.EXECUTION_SUSPENDED:
            suspended = True
        elif kind == EventType.EXECUTION_RESUMED:
            suspended = False
        elif suspended and kind != EventType.EXECUTION_TERMINATED:
            held.append(message)
            continue
        taken.append(message)
        if not suspended and held:
            taken += held
            held = []
    return tuple(taken), suspended


def decide(functions: FunctionTable, episode: Episode) -> Decision:
    """Run the orchestrator over its history; NonDeterminismError where it departs from the record."""
    new = episode.new_events
    for item in new:
        if item["EventType"] == EventType.EXECUTION_TERMINATED:
            return Decision(completion=Completion(RuntimeStatus.TERMINATED, item["Input"]))
    name = episode.instance.name
    if episode.refused is not None:
        return Decision(completion=Completion(RuntimeStatus.FAILED, episode.refused))
    if not functions.has_orchestrator(name):
        missing = f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function."
        return Decision(completion=_failed(name, missing))
    try:
        if episode.cold and not _rewound(new):
            verify(functions, episode.instance, episode.history)
        state = functions.replay(name, context_json(episode.instance, episode.history, new))
    except SdkError as error:
        return Decision(completion=_failed(name, str(error)))
    replay = _replay(functions, episode.instance, state, [*episode.history.events, *new])
    custom_status = state.get("customStatus")
    return Decision(
        work=tuple(replay.new_work),
        cancelled_timers=tuple(replay.cancelled_timers),
        carried=tuple(replay.carried),
        custom_status=None if custom_status is None else json.dumps(custom_status),
        completion=_completion(name, state, replay),
        awaited_events=tuple(replay.awaited_events),
    )


def decide_or_fail(functions: FunctionTable, episode: Episode) -> Decision:
    """Decide, and let non-determinism fail the instance, as the extension does."""
    try:
        return decide(functions, episode)
    except NonDeterminismError as error:
        return Decision(completion=_failed(episode.instance.name, str(error)))


def verify(functions: FunctionTable, instance: Instance, history: History) -> None:
    """Replay the recorded history alone and raise NonDeterminismError if the code schedules anything more.

    Numbers shift when code changes between two runs of the host. Comparing actions with events finds that wherever
    the record goes on; this finds what the new code adds at its end. A rewound history is incomplete by design.
    """
    if not history.events or _rewound(history.events):
        return
    state = functions.replay(instance.name, context_json(instance, history, []))
    require_nothing_new(_replay(functions, instance, state, history.events).new_work)


def _rewound(events: Sequence[Event]) -> bool:
    return any(item["EventType"] == EventType.GENERIC for item in events)


def context_json(instance: Instance, history: History, new: Sequence[Event]) -> str:
    """Build the JSON that the SDK's orchestrator handle takes."""
    texts = [*history.texts, *(json.dumps({**item, "IsPlayed": False}) for item in new)]
    rest = json.dumps(
        {
            "input": None if instance.input is None else json.loads(instance.input),
            "instanceId": instance.instance_id,
            "isReplaying": bool(history.events),
            "parentInstanceId": instance.parent.instance_id if instance.parent else None,
            # SchemaVersion.V2 for older SDKs, V3 for those that know it.
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            # As with Azure Storage (`AzureStorageDurabilityProvider`): the SDK makes a timer of more than six days
            # out of timers of three (`LongTimerTask`).
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
    )
    return f'{{"history":[{",".join(texts)}],{rest[1:]}'


def _replay(functions: FunctionTable, instance: Instance, state: dict[str, object], events: Sequence[Event]) -> Replay:
    actions = state.get("actions")
    replay = Replay(
        actions[0] if isinstance(actions, list) and actions else [],
        instance.execution_id,
        has_activity=functions.has_activity,
        has_orchestrator=functions.has_orchestrator,
    )
    try:
        replay.run(events)
    except NonDeterminismError as error:
        if state.get("error"):
            raise NonDeterminismError(f"{error}; the code raised: {state['error']}") from error
        raise
    return replay


def _completion(name: str, state: dict[str, object], replay: Replay) -> Completion | None:
    # Open activities, timers and children keep an instance running even if its code has returned.
    if not replay.finished:
        return None
    error = replay.error or state.get("error")
    if error:
        return _failed(name, str(error))
    if not state.get("isDone"):
        return None
    if replay.continue_as_new is not None:
        return Completion(RuntimeStatus.CONTINUED_AS_NEW, json.dumps(replay.continue_as_new.get("input")))
    output = state.get("output")
    return Completion(RuntimeStatus.COMPLETED, None if output is None else json.dumps(output))


def _failed(name: str, reason: str) -> Completion:
    return Completion(RuntimeStatus.FAILED, f"Orchestrator function '{name}' failed: {reason}")
