"""Flow tests: run real orchestrators against fake activities on one thread, in virtual time, checked at every step.

It owns the vocabulary of flow tests; it must not know any particular flow, nor how a step is made.

    from devkit.host.testing import FlowRunner

    def test_a_cancelled_build_cleans_up():
        runner = FlowRunner(
            orchestrators=[build_image.bp, clean_up.bp],        # df.Blueprint objects, or {name: function}
            activities={                                        # name -> function of the decoded payload
                "provision": lambda payload: {"vm": "vm-1"},
                "customize": lambda payload: {"exit_code": 0},
                "delete": lambda payload: None,
            },
        )
        runner.on_activity("customize", lambda flow: flow.raise_event("cancel", {"by": "test"}))
        runner.redeliver("delete")                              # its first result is lost, so it runs twice

        result = runner.run("build_image", {"template": "t"}, instance_id="run-1")

        assert result.status == "Completed"
        assert result.output["state"] == "Cancelled"
        assert result.activity_names == ["provision", "customize", "delete", "delete"]
        assert result.elapsed < timedelta(hours=1)              # virtual: hours pass in milliseconds

Step by step instead of at once:

    flow = runner.start("build_image", {"template": "t"})
    flow.run_until(lambda: len(flow.calls_of("poll")) == 3)
    flow.crash()                                                # memory is lost, the store is not
    result = flow.finish()

Where an activity's function raises `HostDied`, the host dies: its result is lost, and the next host runs it again.

A step is one episode, or one activity, or (only if there is nothing else to do) a leap to the next timer. Every
episode replays its instance from scratch twice and checks the answers against each other, against the history and
against the episode before; a restarted host first replays the record alone; at the end every generation is replayed
once more. Code that departs from its history raises NonDeterminismError out of `run`, a flow that can never go on
raises FlowError ("nothing left to do"), and an AssertionError in a fake fails the test at once. Any other exception
in a fake fails the activity, as in production.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from devkit.host.clock import VirtualClock
from devkit.host.flow import Flow
from devkit.host.flow_checks import CheckedFunctions, FlowError
from devkit.host.flow_result import Call, FlowResult
from devkit.host.flow_sources import orchestrator_handles
from devkit.host.flow_world import Hook, HostDied, Step, When, World
from devkit.host.protocol import RuntimeStatus
from devkit.host.work import NonDeterminismError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from devkit.host.functions import Activity

__all__ = [
    "Call",
    "Flow",
    "FlowError",
    "FlowResult",
    "FlowRunner",
    "HostDied",
    "NonDeterminismError",
    "RuntimeStatus",
    "Step",
    "VirtualClock",
]


class FlowRunner:
    """Runs flows of given orchestrators against given fake activities; see the module's example.

    `seed` picks the next of several runnable episodes and activities pseudo-randomly instead of in order;
    `crash_every_step` restarts the host after each step; with `replay_once` an episode's replay is compared with the
    history, with the episode before and with the one at the end, but not at once with a second one. `version` is the
    host's, which new instances get.
    """

    def __init__(
        self,
        orchestrators: Mapping[str, object] | Iterable[object],
        activities: Mapping[str, Activity],
        clock: VirtualClock | None = None,
        *,
        seed: int | None = None,
        crash_every_step: bool = False,
        replay_once: bool = False,
        version: str | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        functions = CheckedFunctions(orchestrator_handles(orchestrators), activities, once=replay_once)
        self._world = World(functions, self.clock, seed=seed, crash_every_step=crash_every_step, version=version)

    @property
    def calls(self) -> list[Call]:
        """Every run of an activity so far, in order."""
        return list(self._world.calls)

    @property
    def trail(self) -> list[Step]:
        """The steps that were taken so far."""
        return list(self._world.trail)

    def on_activity(
        self, name: str, action: Callable[[Flow], None], *, nth: int | None = 1, when: When = "before"
    ) -> None:
        """Do something at the nth call of an activity (None: at each): before it runs, or after its result is kept.

        `action` gets the flow that the call belongs to, not the sub-orchestration. A crash before an activity makes
        it run later; one after it changes nothing for it.
        """
        self._world.hooks.append(Hook(name, nth, when, lambda instance_id: action(Flow(self._world, instance_id))))

    def after_step(self, number: int, action: Callable[[], None]) -> None:
        """Do something after the given step, counted from 1 over the runner's life."""
        self._world.after_steps.setdefault(number, []).append(action)

    def redeliver(self, name: str, *, nth: int | None = 1) -> None:
        """Run the nth call of an activity (None: each) twice: the host dies before it can keep the first result."""
        self._world.redeliveries.append((name, nth))

    def double(self, name: str, *, nth: int | None = 1) -> None:
        """Run the nth call of an activity (None: each) twice at once, in two threads: two hosts believe it is theirs.

        The first one's result counts.
        """
        self._world.doubles.append((name, nth))

    def start(self, name: str, data: Any = None, *, instance_id: str | None = None) -> Flow:
        """Start an orchestrator with `data` as its input, encoded as the SDK's client does."""
        new_id = instance_id or uuid.uuid4().hex
        self._world.functions.has_orchestrator(name)
        encoded = None if data is None else json.dumps(json.dumps(data))
        self._world.absorb(self._world.control.start_new(name, new_id, encoded, None))
        return Flow(self._world, new_id)

    def run(self, name: str, data: Any = None, *, instance_id: str | None = None) -> FlowResult:
        """Start an orchestrator and run it to its end."""
        return self.start(name, data, instance_id=instance_id).finish()
