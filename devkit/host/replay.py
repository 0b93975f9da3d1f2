"""Replay of one orchestration: the SDK's action list against the recorded history, giving what is new.

It owns the rules of OutOfProcOrchestrationShim (azure-functions-durable-extension) and of DTFx's
TaskOrchestrationContext (Azure/durabletask): numbering, awaiting, retries, completion. It is pure: it must not know
of stores, clocks, threads or the SDK.

Stricter than the original: a re-emitted action must equal the recorded one in kind, name, input, instance id and due
time, not in kind and name only.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from devkit.host.promise import Promise, join
from devkit.host.protocol import ActionType, Event, EventType, parse_timestamp
from devkit.host.work import ActivityCall, SubOrchestrationCall, Timer, Work, require_same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

Action = dict[str, Any]

_SCHEDULED = (
    EventType.TASK_SCHEDULED,
    EventType.SUB_ORCHESTRATION_CREATED,
    EventType.TIMER_CREATED,
    EventType.EVENT_SENT,
)
_UNSERVED = {
    ActionType.CALL_HTTP: "call_http",
    ActionType.CALL_ENTITY: "call_entity",
    ActionType.SIGNAL_ENTITY: "signal_entity",
    ActionType.SCHEDULED_SIGNAL_ENTITY: "signal_entity",
}


class InvalidActionError(Exception):
    """The orchestrator asked for something that the host cannot do; it fails the instance."""


class Replay:
    """One walk of the action list along the history; read the public attributes after `run`."""

    def __init__(
        self,
        actions: Sequence[Action],
        execution_id: str,
        *,
        has_activity: Callable[[str], bool],
        has_orchestrator: Callable[[str], bool],
    ) -> None:
        self._actions = actions
        self._execution_id = execution_id
        self._has_activity = has_activity
        self._has_orchestrator = has_orchestrator
        self._next_action = 0
        self._next_id = 0
        self._walked = False
        self._unrecorded: dict[int, Work] = {}
        self._open: dict[int, Promise] = {}
        self._waiters: dict[str, list[Promise]] = {}
        self._early_events: dict[str, deque[None]] = {}
        self._now: datetime | None = None
        self.error: str | None = None
        self.continue_as_new: Action | None = None
        self.carried: list[Event] = []
        self.cancelled_timers: list[int] = []

    def run(self, events: Sequence[Event]) -> None:
        """Walk the whole history; raise NonDeterminismError where the code and the record part."""
        for item in events:
            kind = item["EventType"]
            if kind == EventType.ORCHESTRATOR_STARTED:
                started = parse_timestamp(item["Timestamp"])
                self._now = started if self._now is None else max(self._now, started)
            elif kind == EventType.EXECUTION_STARTED:
                self._walk()
            elif kind in _SCHEDULED:
                require_same(item, self._unrecorded.pop(item["EventId"], None))
            elif kind in (EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED):
                self._settle(item["TaskScheduledId"], succeeded=True)
            elif kind in (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED):
                self._settle(item["TaskScheduledId"], succeeded=False)
            elif kind == EventType.TIMER_FIRED:
                self._settle(item["TimerId"], succeeded=True)
            elif kind == EventType.EVENT_RAISED:
                self._deliver(item)

    @property
    def new_work(self) -> list[Work]:
        """The work that the code scheduled and the history does not record yet, in order."""
        return [self._unrecorded[task_id] for task_id in sorted(self._unrecorded)]

    @property
    def finished(self) -> bool:
        """Whether every action was awaited and no activity, timer or child is still open."""
        return self._walked and not self._open

    @property
    def awaited_events(self) -> list[str]:
        """Names of external events that somebody waits for, in lower case."""
        return sorted(self._waiters)

    def _walk(self) -> None:
        while self._next_action < len(self._actions):
            action = self._actions[self._next_action]
            self._next_action += 1
            try:
                promise = self._invoke(action)
            except InvalidActionError as error:
                self.error = str(error)
                break
            if not promise.settled:
                promise.then(lambda _succeeded: self._walk())
                return
        self._walked = True

    def _settle(self, task_id: int, *, succeeded: bool) -> None:
        promise = self._open.pop(task_id, None)
        if promise is not None:
            promise.settle(succeeded=succeeded)

    def _deliver(self, item: Event) -> None:
        if self.continue_as_new is not None:
            self.carried.append(item)
            return
        name = item["Name"].lower()
        waiting = self._waiters.get(name)
        if not waiting:
            self._early_events.setdefault(name, deque()).append(None)
            return
        promise = waiting.pop()  # the youngest first, as in the extension
        if not waiting:
            del self._waiters[name]
        promise.settle(succeeded=True)

    def _invoke(self, action: Action) -> Promise:
        kind = ActionType(action["actionType"])
        if kind in _UNSERVED:
            raise InvalidActionError(f"the local Functions host does not serve {_UNSERVED[kind]}")
        handlers: dict[ActionType, Callable[[Action], Promise]] = {
            ActionType.CALL_ACTIVITY: self._activity,
            ActionType.CALL_ACTIVITY_WITH_RETRY: lambda item: self._with_retry(self._activity, item),
            ActionType.CALL_SUB_ORCHESTRATOR: self._child,
            ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY: lambda item: self._with_retry(self._child, item),
            ActionType.CONTINUE_AS_NEW: self._continue_as_new,
            ActionType.CREATE_TIMER: self._user_timer,
            ActionType.WAIT_FOR_EXTERNAL_EVENT: self._external_event,
            ActionType.WHEN_ANY: lambda item: join(self._invoke_all(item), wanted=1),
            ActionType.WHEN_ALL: lambda item: join(self._invoke_all(item)),
        }
        return handlers[kind](action)

    def _invoke_all(self, action: Action) -> list[Promise]:
        return [self._invoke(child) for child in action["compoundActions"]]

    def _continue_as_new(self, action: Action) -> Promise:
        self.continue_as_new = action
        return Promise.done()

    def _schedule(self, work: Work) -> Promise:
        self._unrecorded[work.task_id] = work
        self._open[work.task_id] = Promise()
        return self._open[work.task_id]

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _activity(self, action: Action) -> Promise:
        name = action["functionName"]
        if not self._has_activity(name):
            raise InvalidActionError(
                f"The function '{name}' doesn't exist, is disabled, or is not an activity function."
            )
        return self._schedule(ActivityCall(self._take_id(), name, action.get("input")))

    def _child(self, action: Action) -> Promise:
        name = action["functionName"]
        if not self._has_orchestrator(name):
            raise InvalidActionError(
                f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function."
            )
        task_id = self._take_id()
        instance_id = action.get("instanceId") or f"{self._execution_id}:{task_id}"
        call = SubOrchestrationCall(task_id, name, instance_id, action.get("input"), action.get("version"))
        return self._schedule(call)

    def _user_timer(self, action: Action) -> Promise:
        return self._timer(parse_timestamp(action["fireAt"]), cancelled=action.get("isCanceled", False))

    def _timer(self, fire_at: datetime, *, cancelled: bool = False) -> Promise:
        task_id = self._take_id()
        promise = self._schedule(Timer(task_id, fire_at, cancelled))
        if cancelled:
            self.cancelled_timers.append(task_id)
            self._settle(task_id, succeeded=False)
        return promise

    def _external_event(self, action: Action) -> Promise:
        name = action["externalEventName"].lower()
        early = self._early_events.get(name)
        if early:
            early.popleft()
            return Promise.done()
        promise = Promise()
        self._waiters.setdefault(name, []).append(promise)
        return promise

    def _with_retry(self, call: Callable[[Action], Promise], action: Action) -> Promise:
        """Retry as DTFx's RetryInterceptor does: a timer after every failure, also after the last one."""
        outcome = Promise()
        options = action["retryOptions"]
        interval = timedelta(milliseconds=options["firstRetryIntervalInMilliseconds"])
        attempts_left = int(options["maxNumberOfAttempts"])

        def attempted(succeeded: bool) -> None:  # noqa: FBT001  # the signature of every promise's callback
            nonlocal attempts_left
            attempts_left -= 1
            if succeeded:
                outcome.settle(succeeded=True)
                return
            if self._now is None:
                raise ValueError("a history must begin with OrchestratorStarted")
            # The SDK waits for that last timer too; it is due at once.
            pause = interval if attempts_left > 0 else timedelta()
            self._timer(self._now + pause).then(lambda _fired: again())

        def again() -> None:
            if attempts_left > 0:
                call(action).then(attempted)
            else:
                outcome.settle(succeeded=False)

        call(action).then(attempted)
        return outcome
