"""The steps of a workflow: activities, sub-orchestrations, timers. The only module that touches durable's context.

Everything here is replayed: no clock but the history's, no randomness, no I/O. Helpers are generators, used with
`yield from`; a designed failure arrives as the `BuildError` that the activity raised.

Back-off is made here with durable timers, because azure-functions-durable 1.x retries at a fixed interval only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import azure.durable_functions as df
from pydantic import BaseModel

from kiln.contracts.base import Activity, Orchestrator, encoded
from kiln.contracts.runs import END_PHASE, REPORT_PROGRESS, PhaseReport, ProgressReport
from kiln.errors import BuildError, DeadlineExceeded, RunCanceled
from orchestrators.envelope import failure, fault, opened, success

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.ids import RunRef
    from kiln.runs.record import Phase, PhaseState

RequestT = TypeVar("RequestT", bound=BaseModel)
ResultT = TypeVar("ResultT", bound=BaseModel)
T = TypeVar("T")
Steps = Generator[Any, Any, T]

RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, *(30,) * 9))
"""Pauses between attempts of an activity whose fault may pass; the activity itself honours Azure's Retry-After.

No pause is long: work that lost against cancel learns of it only when it tries again, and clean-up waits for it.
"""

bp = df.Blueprint()


@dataclass(frozen=True)
class Branch(Generic[ResultT]):
    """A sub-orchestration that runs beside its siblings."""

    task: Any
    orchestrator: Orchestrator[Any, ResultT]


def orchestrator(
    contract: Orchestrator[RequestT, ResultT], *, root: bool = False
) -> Callable[[Callable[[Flow, RequestT], Steps[ResultT]]], Callable[[Flow, RequestT], Steps[ResultT]]]:
    """Register a workflow under its contract: decode the input, encode the result or the `BuildError`.

    Nobody opens the envelope of a `root`'s failure: its instance fails instead, where its client can see it.
    """

    def register(workflow: Callable[[Flow, RequestT], Steps[ResultT]]) -> Callable[[Flow, RequestT], Steps[ResultT]]:
        @functools.wraps(workflow)
        def run(context: Any) -> Steps[Any]:
            flow = Flow(context)
            try:
                result = yield from workflow(flow, contract.request.model_validate(context.get_input()))
            except BuildError as error:
                if root:
                    raise
                return failure(error)
            return None if flow.continued else success(result)

        run.__annotations__ = {}
        del run.__wrapped__  # durable looks at the signature: one parameter, `context`
        bp.orchestration_trigger(context_name="context", orchestration=contract.name)(run)
        return workflow

    return register


class Flow:
    """One instance of a workflow, while it is being replayed."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._begun: dict[str, int] = {}
        self.continued = False

    @property
    def now(self) -> datetime:
        """The history's time (UTC)."""
        moment: datetime = self._context.current_utc_datetime
        return moment

    @property
    def instance_id(self) -> str:
        """The id of this instance, the same in all of its generations."""
        return str(self._context.instance_id)

    @property
    def stamp(self) -> str:
        """The history's time as ISO 8601 text."""
        return self.now.isoformat()

    def run(self, activity: Activity[RequestT, ResultT], request: RequestT) -> Steps[ResultT]:
        """Run one activity to its end, again after a passing fault. Raises the `BuildError` that it designed."""
        raw = yield from self._attempt(activity.name, encoded(request))
        return opened(raw, activity.result)

    def run_all(
        self,
        activity: Activity[RequestT, ResultT],
        requests: list[RequestT],
        *,
        delays: tuple[timedelta, ...] = RETRY_DELAYS,
    ) -> Steps[list[ResultT]]:
        """Run one activity for each request, in parallel. Raises the first `BuildError` after all have ended."""
        outcomes = yield from self.run_each(activity, requests, delays=delays)
        for outcome in outcomes:
            if isinstance(outcome, BuildError):
                raise outcome
        return [outcome for outcome in outcomes if not isinstance(outcome, BuildError)]

    def run_each(
        self,
        activity: Activity[RequestT, ResultT],
        requests: list[RequestT],
        *,
        delays: tuple[timedelta, ...] = RETRY_DELAYS,
    ) -> Steps[list[ResultT | BuildError]]:
        """Run one activity for each request, in parallel, and return each one's result or error, in order.

        Those that had a passing fault are tried again together, so that none waits for another's pauses.
        """
        payloads = [encoded(request) for request in requests]
        outcomes: dict[int, ResultT | BuildError] = {}
        due = list(range(len(payloads)))
        for delay in (*delays, None):
            tasks = [self._context.call_activity(activity.name, payloads[at]) for at in due]
            yield from self._settle(tasks)
            again: list[int] = []
            for at, task in zip(due, tasks, strict=True):
                try:
                    outcomes[at] = opened((yield task), activity.result)
                except BuildError as error:
                    outcomes[at] = error
                except Exception as error:  # noqa: BLE001 - durable raises Exception itself; it passed as transient
                    outcomes[at] = fault(activity.name, error)
                    again.append(at)
            due = again
            if not due or delay is None:
                break
            yield from self.sleep(delay)
        return [outcomes[at] for at in range(len(payloads))]

    def call(self, workflow: Orchestrator[RequestT, ResultT], request: RequestT, role: str) -> Steps[ResultT]:
        """Run one sub-orchestration to its end. `role` names it among its siblings."""
        return (yield from self.result(self.begin(workflow, request, role)))

    def call_known(
        self, workflow: Orchestrator[RequestT, ResultT], request: RequestT, instance_id: str
    ) -> Steps[ResultT]:
        """Run a sub-orchestration that others know by `instance_id`, to its end."""
        return (yield from self.result(self.known(workflow, request, instance_id)))

    def known(self, workflow: Orchestrator[RequestT, ResultT], request: RequestT, instance_id: str) -> Branch[ResultT]:
        """Prepare a sub-orchestration that others know by `instance_id`; it starts when it is first waited for."""
        # Of this one's version, or a newer host would give it its own: a run keeps to the code that it began with.
        payload = encoded(request)
        task = self._context.call_sub_orchestrator(workflow.name, payload, instance_id, self._context.version)
        return Branch(task, workflow)

    def begin_next(self, workflow: Orchestrator[RequestT, ResultT], request: RequestT, kind: str) -> Branch[ResultT]:
        """Prepare a sub-orchestration that is one of many: `kind` and its number name it."""
        number = self._begun[kind] = self._begun.get(kind, 0) + 1
        return self.begin(workflow, request, f"{kind}{number}")

    def begin(self, workflow: Orchestrator[RequestT, ResultT], request: RequestT, role: str) -> Branch[ResultT]:
        """Prepare a sub-orchestration; it starts when it is first waited for."""
        return self.known(workflow, request, f"{self._context.instance_id}:{role}")

    def start(self, *branches: Branch[Any]) -> Steps[None]:
        """Start branches of different kinds in parallel; take each one's `result` after that."""
        yield from self._settle([branch.task for branch in branches])

    def result(self, branch: Branch[ResultT]) -> Steps[ResultT]:
        """Wait for one branch and return its result. Raises its error."""
        outcome = yield from self.join(branch)
        if isinstance(outcome, BuildError):
            raise outcome
        return outcome

    def gather(self, branches: list[Branch[ResultT]]) -> Steps[list[ResultT | BuildError]]:
        """Run branches in parallel until all have ended; return each one's result or error, in order."""
        yield from self._settle([branch.task for branch in branches])
        outcomes: list[ResultT | BuildError] = []
        for branch in branches:
            outcomes.append((yield from self.join(branch)))  # noqa: PERF401 - a comprehension cannot yield
        return outcomes

    def join(self, branch: Branch[ResultT]) -> Steps[ResultT | BuildError]:
        """Wait for one branch; return its result or its error."""
        try:
            raw = yield branch.task
            return opened(raw, branch.orchestrator.result)
        except BuildError as error:
            return error
        except Exception as error:  # noqa: BLE001 - durable raises Exception itself when a sub-orchestration fails
            return fault(branch.orchestrator.name, error)

    def race(self, branch: Branch[ResultT], *, run: RunRef, cancel: str, within: timedelta) -> Steps[ResultT]:
        """Wait for `branch`, the event `cancel` or the end of `within`, whichever is first.

        `within` is six days at most: the SDK makes a longer timer of several and cannot cancel these, so that the
        orchestration would stay for three days after its end (azure-functions-durable `LongTimerTask.cancel`).
        Raises the branch's own error, `RunCanceled` or `DeadlineExceeded`. A branch that lost goes on: `join` it later.
        """
        canceled = self._context.wait_for_external_event(cancel)
        deadline = self._context.create_timer(self.now + within)
        winner = yield self._context.task_any([branch.task, canceled, deadline])
        if winner is not deadline:
            deadline.cancel()
        if winner is canceled:
            raise RunCanceled(run.run_id)
        if winner is deadline:
            minutes = int(within.total_seconds() // 60)
            raise DeadlineExceeded(
                f"The build took longer than its {minutes} minutes.",
                target="properties.buildTimeoutInMinutes",
                hint="Raise buildTimeoutInMinutes, or see in the log which step took the time.",
            )
        return (yield from self.result(branch))

    def ask(self, check: str, payload: dict[str, Any], kind: type[ResultT]) -> Steps[ResultT]:
        """Run the check activity of that name once."""
        raw = yield from self._attempt(check, payload)
        return opened(raw, kind)

    def sleep(self, duration: timedelta) -> Steps[None]:
        """Let `duration` pass."""
        if duration > timedelta(0):
            yield self._context.create_timer(self.now + duration)

    def enter(self, run: RunRef, phase: Phase, note: str | None = None) -> Steps[None]:
        """Record that a phase begins, or, with a `note`, where it is."""
        yield from self.run(REPORT_PROGRESS, ProgressReport(run=run, phase=phase, at=self.stamp, note=note))

    def end(self, run: RunRef, phase: Phase, state: PhaseState, error: ErrorDetail) -> Steps[None]:
        """Record that a phase ended with an error, though the run goes on."""
        yield from self.run(END_PHASE, PhaseReport(run=run, phase=phase, at=self.stamp, state=state, error=error))

    def start_over(self, request: BaseModel) -> None:
        """End this generation and begin the next with `request` and an empty history; return right after it."""
        self.continued = True
        self._context.continue_as_new(encoded(request))

    def _attempt(self, name: str, payload: dict[str, Any]) -> Steps[Any]:
        for delay in RETRY_DELAYS:
            try:
                return (yield self._context.call_activity(name, payload))
            except Exception:  # noqa: BLE001 - durable raises Exception itself; a designed failure comes as an envelope
                yield from self.sleep(delay)
        try:
            return (yield self._context.call_activity(name, payload))
        except Exception as error:
            raise fault(name, error) from error

    def _settle(self, tasks: list[Any]) -> Steps[None]:
        """Start tasks in parallel and wait until the first fault, or for all; each is then waited for on its own."""
        if not tasks:
            return
        try:
            yield self._context.task_all(tasks)
        except Exception:  # noqa: BLE001 - each task is yielded again by the caller, which sees its own fault
            return
