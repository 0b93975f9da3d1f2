"""The local host and Microsoft's worker, which must do the same: each episode twice, and activities in the worker."""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import orchestrators
from devkit.host.functions import FunctionTable
from devkit.host.testing import FlowRunner, VirtualClock
from tests.flows.local_azure.kiln import Kiln
from tests.worker.description import told
from tests.worker.durable_calls import activity, episode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from devkit.host.testing import FlowResult
    from devkit.local.in_process import InProcessAzure
    from tests.worker.description import Description
    from tests.worker.process import MicrosoftWorker


class Both:
    """The local host and Microsoft's worker, doing the same. `episodes` and `calls` count the equal answers."""

    def __init__(self, worker: MicrosoftWorker, azure: InProcessAzure) -> None:
        self.azure = azure
        self.episodes: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._worker = worker
        self._seen: set[tuple[str, str]] = set()
        described = {name: told(function) for name, function in worker.functions.items()}
        self.orchestrators = self._named(described, "orchestrationTrigger", "orchestration")
        self.activities = self._named(described, "activityTrigger", "activity")

    @staticmethod
    def _named(described: dict[str, Description], trigger: str, key: str) -> dict[str, str]:
        return {item.settings[key]: name for name, item in described.items() if item.trigger == trigger}

    @contextmanager
    def at_each_episode(self) -> Iterator[None]:
        """Let Microsoft's worker answer each episode of the local host's orchestrators, too."""
        original = FunctionTable.replay

        def replay(table: FunctionTable, name: str, context: str) -> dict[str, Any]:
            state = original(table, name, context)
            self._compare(name, context, state)
            return state

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FunctionTable, "replay", replay)
            yield

    def _compare(self, name: str, context: str, here: dict[str, Any]) -> None:
        if (name, context) in self._seen:
            return
        self._seen.add((name, context))
        there = episode(self._worker, self.orchestrators[name], context)
        assert there == here, f"{name} answers otherwise in Microsoft's worker, asked {context}"
        self.episodes[name] += 1

    def functions(self) -> dict[str, Callable[[Any], Any]]:
        """Return every activity, to be run by Microsoft's worker."""
        return {name: self._counted(name, function) for name, function in self.activities.items()}

    def _counted(self, name: str, function: str) -> Callable[[Any], Any]:
        run = activity(self._worker, function)

        def counted(payload: Any) -> Any:
            result = run(payload)
            self.calls[name] += 1
            return result

        return counted

    def kiln(self, body: dict[str, Any]) -> Kiln:
        """Submit a template, with all of its flows in Microsoft's worker."""
        submitted = Kiln(self.azure, body, activities=self.functions())
        submitted.submit()
        assert submitted.template.provisioning_state == "Succeeded", submitted.template.provisioning_error
        return submitted

    def run(self, name: str, request: BaseModel) -> FlowResult:
        """Run an orchestrator to its end, as a new instance; return the result, which must be good."""
        runner = FlowRunner(list(orchestrators.blueprints), self.functions(), VirtualClock(datetime.now(UTC)))
        result = runner.run(name, request.model_dump(mode="json"), instance_id=f"{name}-{uuid.uuid4().hex[:8]}")
        assert result.status == "Completed", result.error
        return result
