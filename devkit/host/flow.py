"""One started flow of a test: look at it, and act on it between steps.

It must not know how a step is made, nor how a flow is started (testing.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from devkit.host.flow_checks import FlowError
from devkit.host.flow_result import Call, FlowResult
from devkit.host.protocol import RuntimeStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from devkit.host.flow_world import World
    from devkit.host.protocol import Event
    from devkit.host.records import Instance


class Flow:
    """One started instance, for looking at it and acting on it between steps."""

    def __init__(self, world: World, instance_id: str) -> None:
        self._world = world
        self.instance_id = instance_id

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self._world.clock.now()

    @property
    def instance(self) -> Instance:
        """The stored instance: runtime_status, input, output and custom_status as JSON text."""
        instance = self._world.store.instance(self.instance_id)
        if instance is None:
            raise LookupError(f"instance '{self.instance_id}' is gone")
        return instance

    @property
    def status(self) -> RuntimeStatus:
        """The runtime status."""
        return self.instance.runtime_status

    @property
    def custom_status(self) -> Any:
        """The decoded custom status, None before the first."""
        return _decoded(self.instance.custom_status)

    @property
    def history(self) -> list[Event]:
        """The recorded events of the current generation."""
        return self._world.store.history(self.instance_id)

    def calls_of(self, name: str) -> list[Call]:
        """Return the calls of one activity so far, in order."""
        return [call for call in self._world.calls if call.name == name]

    def raise_event(self, name: str, data: Any = None, *, as_client: bool = True) -> None:
        """Send an external event.

        As the SDK's client does, `data` is encoded twice, so that the orchestrator receives JSON text (known issue
        295 of azure-functions-durable-python); with as_client=False it is encoded once, as a plain HTTP client does.
        """
        encoded = json.dumps(json.dumps(data)) if as_client else json.dumps(data)
        self._world.absorb(self._world.control.raise_event(self.instance_id, name, encoded))

    def terminate(self, reason: str = "") -> None:
        """Terminate the instance."""
        self._world.absorb(self._world.control.terminate(self.instance_id, reason))

    def suspend(self, reason: str = "") -> None:
        """Suspend the instance."""
        self._world.absorb(self._world.control.suspend(self.instance_id, reason))

    def resume(self, reason: str = "") -> None:
        """Resume the instance."""
        self._world.absorb(self._world.control.resume(self.instance_id, reason))

    def crash(self) -> None:
        """Kill the host and start it again: what is only in memory is lost, a running activity is redelivered."""
        self._world.crash()

    def deploy(self, version: str) -> None:
        """Replace the host by one of this version."""
        self._world.version = version
        self._world.crash()

    def pass_time(self, by: timedelta) -> None:
        """Let time pass although there is something to do, as a slow activity does: timers fire in it."""
        self._world.pass_time(by)

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Step until `condition` holds; FlowError if the flow ends or gets stuck before."""
        while not condition():
            if self.status.terminal:
                raise FlowError(f"instance '{self.instance_id}' is {self.status} before the condition holds")
            self._world.step_or_fail()

    def finish(self) -> FlowResult:
        """Run to the end, replay everything once more, and return the result."""
        while not self.status.terminal:
            self._world.step_or_fail()
        self._world.functions.replay_everything_again()
        return self._result()

    def _result(self) -> FlowResult:
        instance = self.instance
        failed = instance.runtime_status is RuntimeStatus.FAILED
        error = instance.output if failed else None
        if instance.runtime_status is RuntimeStatus.TERMINATED:
            error = str(_decoded(instance.output))
        return FlowResult(
            instance_id=instance.instance_id,
            status=instance.runtime_status,
            output=_decoded(instance.output) if error is None else None,
            error=error,
            custom_status=self.custom_status,
            calls=tuple(self._world.calls),
            histories={
                item.instance_id: self._world.store.history(item.instance_id) for item in self._world.store.instances()
            },
            started=instance.created,
            finished=instance.updated,
            steps=self._world.steps,
        )


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
