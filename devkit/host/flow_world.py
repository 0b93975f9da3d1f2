"""The single-threaded, virtual-time counterpart of the engine, on which flow tests run.

It owns the order of steps, the test's interventions between them and the record of activity calls; it must not
know what a test asserts. It shares the task hub, the replay and the activity runner with the real engine.
"""

from __future__ import annotations

import random
import weakref
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from devkit.host import sdk
from devkit.host.activity import run_activity
from devkit.host.control import Control
from devkit.host.episode import decide
from devkit.host.flow_checks import FlowError
from devkit.host.flow_result import Call
from devkit.host.protocol import EventType, from_micros
from devkit.host.store import Store
from devkit.host.taskhub import TaskHub
from devkit.host.versioning import Versioning

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from devkit.host.clock import VirtualClock
    from devkit.host.flow_checks import CheckedFunctions
    from devkit.host.protocol import Event
    from devkit.host.records import ActivityWork, Outbox

When = Literal["before", "after"]

# Far above any sensible flow; it ends a test whose orchestrators restart each other for ever.
_MOST_STEPS = 100_000


class HostDied(BaseException):
    """Raised by a test in an activity: the host dies in the middle of it, and the store gives it to the next host."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was taken; `name` is the orchestrator's or activity's, and a leap to the next timer has none."""

    kind: Literal["episode", "activity", "leap"]
    name: str = ""
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """An intervention of a test at the nth call of an activity; `action` gets the id of the root instance."""

    name: str
    nth: int | None
    when: When
    action: Callable[[str], None]


class World:
    """The world of one flow: one store, one clock, and everything that can happen next."""

    def __init__(
        self,
        functions: CheckedFunctions,
        clock: VirtualClock,
        *,
        seed: int | None,
        crash_every_step: bool,
        version: str | None,
    ) -> None:
        self.functions = functions
        self.clock = clock
        self.store = Store(":memory:")
        # Python 3.13 warns of a database that nobody closes, and a runner has no end but its last reference.
        weakref.finalize(self, self.store.close)
        self.version = version
        self.calls: list[Call] = []
        self.steps = 0
        self.trail: list[Step] = []
        self.hooks: list[Hook] = []
        self.after_steps: dict[int, list[Callable[[], None]]] = {}
        self.redeliveries: list[tuple[str, int | None]] = []
        self.doubles: list[tuple[str, int | None]] = []
        self._random = None if seed is None else random.Random(seed)  # noqa: S311  # repeatable order, not secrecy
        self._crash_every_step = crash_every_step
        self._call_counts: Counter[str] = Counter()
        self._awaited: dict[str, tuple[str, ...]] = {}
        self._lives = 0
        self._boot()

    def absorb(self, outbox: Outbox) -> None:
        """Queue what a change has set free; timers are read from the store when nothing else is left."""
        self._ready.extend(item for item in dict.fromkeys(outbox.ready) if item not in self._ready)
        self._queued.extend(outbox.activities)

    def crash(self) -> None:
        """Lose everything but the store, and recover from it."""
        self._lives += 1
        self._boot()

    def pass_time(self, by: timedelta) -> None:
        """Let time pass although there is something to do; timers that fire meanwhile wake their instances in order."""
        before = self.clock.now()
        self.clock.advance(by)
        fired = [id_ for micros, id_ in self.store.due_times() if before < from_micros(micros) <= self.clock.now()]
        self._ready.extend(dict.fromkeys(fired))

    def step_or_fail(self) -> None:
        """Make one step; FlowError if there is nothing left to do."""
        if self.steps >= _MOST_STEPS:
            raise FlowError(f"not finished after {_MOST_STEPS} steps: {self._unfinished()}")
        if not self._step():
            raise FlowError(f"nothing left to do: {self._unfinished()}")
        self.steps += 1
        if self._crash_every_step:
            self.crash()
        for action in self.after_steps.get(self.steps, []):
            action()

    def _boot(self) -> None:
        self._hub = TaskHub(self.store, self.clock, Versioning(self.version))
        self.control = Control(self._hub, self.store, self.clock)
        self._ready: deque[str] = deque()
        self._queued: deque[ActivityWork] = deque()
        self.absorb(self._hub.recover())

    def _step(self) -> bool:
        choices = len(self._ready) + len(self._queued)
        if not choices:
            return self._leap()
        choice = self._random.randrange(choices) if self._random else 0
        if choice < len(self._ready):
            instance_id = self._ready[choice]
            del self._ready[choice]
            self._run_episode(instance_id)
        else:
            work = self._queued[choice - len(self._ready)]
            del self._queued[choice - len(self._ready)]
            self._run_activity(work)
        return True

    def _leap(self) -> bool:
        now = self.clock.now()
        later = [(due, id_) for micros, id_ in self.store.due_times() if (due := from_micros(micros)) > now]
        if not later:
            return False
        earliest = later[0][0]
        self.clock.advance_to(earliest)
        self.trail.append(Step("leap"))
        self._ready.extend(dict.fromkeys(id_ for due, id_ in later if due == earliest))
        return True

    def _run_episode(self, instance_id: str) -> None:
        episode = self._hub.load(instance_id)
        if episode is None:
            return
        self.trail.append(Step("episode", episode.instance.name, instance_id))
        decision = decide(self.functions, episode)
        self.functions.keep_latest(instance_id, episode.instance.execution_id)
        self._awaited[instance_id] = decision.awaited_events
        self.absorb(self._hub.commit(episode, decision))

    def _run_activity(self, work: ActivityWork) -> None:
        self.trail.append(Step("activity", work.name, work.instance_id))
        self._call_counts[work.name] += 1
        nth = self._call_counts[work.name]
        lives = self._lives
        self._call_hooks(work, nth, "before")
        if self._lives != lives:
            return  # the host died before the activity ran; the store redelivers it
        try:
            results = self._results(work, nth)
        except HostDied:
            self.crash()
            return
        for result in results:
            self.absorb(self._hub.complete_activity(work, result))
        self._call_hooks(work, nth, "after")

    def _results(self, work: ActivityWork, nth: int) -> list[Event]:
        """Run the activity once, or as often as the test wants it; the hub keeps the first of the results."""
        if _is_among(self.doubles, work.name, nth):
            with ThreadPoolExecutor(2) as pool:
                runs = [pool.submit(self._run_fake, work, redelivered=again) for again in (False, True)]
            return [run.result() for run in runs]
        result = self._run_fake(work, redelivered=False)
        if _is_among(self.redeliveries, work.name, nth):
            result = self._run_fake(work, redelivered=True)
        return [result]

    def _run_fake(self, work: ActivityWork, *, redelivered: bool) -> Event:
        started = self.clock.now()
        result = run_activity(self.functions, self.clock, work)
        self.functions.raise_failed_assertion()
        completed = result["EventType"] == EventType.TASK_COMPLETED
        self.calls.append(
            Call(
                name=work.name,
                input=sdk.decode_activity_input(work.payload),
                instance_id=work.instance_id,
                at=started,
                output=sdk.decode_activity_input(result["Result"]) if completed else None,
                error=None if completed else result["Reason"],
                redelivered=redelivered,
            )
        )
        return result

    def _call_hooks(self, work: ActivityWork, nth: int, when: When) -> None:
        for hook in self.hooks:
            if hook.name == work.name and hook.when == when and hook.nth in (None, nth):
                hook.action(self._root_of(work.instance_id))

    def _root_of(self, instance_id: str) -> str:
        instance = self.store.instance(instance_id)
        while instance is not None and instance.parent is not None:
            instance_id = instance.parent.instance_id
            instance = self.store.instance(instance_id)
        return instance_id

    def _unfinished(self) -> str:
        described: list[Any] = []
        for item in self.store.instances():
            if not item.runtime_status.terminal:
                awaited = ", ".join(self._awaited.get(item.instance_id, ()))
                waits = f", waits for the event {awaited}" if awaited else ""
                described.append(f"{item.name} '{item.instance_id}' is {item.runtime_status}{waits}")
        return "; ".join(described)


def _is_among(wanted: list[tuple[str, int | None]], name: str, nth: int) -> bool:
    return (name, nth) in wanted or (name, None) in wanted
