"""A small world for flow tests: fakes of every activity, in which a machine, a gallery and a ledger exist as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

import orchestrators
from devkit.host.testing import FlowRunner
from kiln import contracts
from kiln.contracts import Activity
from kiln.errors import BuildError, CustomizerFailed
from kiln.ids import RunRef, TemplateId
from kiln.messages import (
    BuildRequest,
    Leftovers,
    Nothing,
    Operation,
    Progress,
    StagedStorage,
    StepStarted,
)
from kiln.planner.facts import DefinitionFacts, Facts
from kiln.planner.make_plan import make_plan
from kiln.runs.record import LedgerEntry
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.testing import FlowResult
    from kiln.planner.plan import Plan

IMAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/gallery/images/hello"
RUN = RunRef(template=TemplateId(subscription="s", group="g", name="hello"), run_id="20261122-000000-00000001")
TEMPLATE: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "None"},
    "properties": {
        "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
        "customize": [
            {"type": "Shell", "name": "first", "inline": ["true"]},
            {"type": "File", "name": "second", "sourceUri": "data:,hi", "destination": "/etc/hi"},
        ],
        "distribute": [
            {
                "type": "SharedImage",
                "runOutputName": "gallery",
                "galleryImageId": IMAGE,
                "targetRegions": [{"name": "westeurope"}, {"name": "northeurope"}],
            },
            {"type": "VHD", "runOutputName": "vhd"},
        ],
    },
}


def plan(timeout: int = 0) -> Plan:
    body = {**TEMPLATE, "properties": {**TEMPLATE["properties"], "buildTimeoutInMinutes": timeout}}
    facts = Facts(source_version="0.1.2", definitions={IMAGE: DefinitionFacts(location="westeurope")})
    return make_plan(parse_template(body), run=RUN, staging_group="IT_g_hello", facts=facts)


class Build:
    """One build among fakes. `answers` replaces what an activity does: a result, a `BuildError`, or a callable."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.ledger: list[LedgerEntry] = [
            LedgerEntry(kind="vm", id="/vm", tier=1),
            LedgerEntry(kind="nic", id="/nic", tier=2),
            LedgerEntry(kind="disk", id="/disk", tier=2),
        ]
        self.closed = False
        self.runner = FlowRunner(
            orchestrators=list(orchestrators.blueprints),
            activities={item.name: self._fake(item) for item in vars(contracts).values() if isinstance(item, Activity)},
        )
        storage = StagedStorage(endpoint="https://blob", account="a", log_blob="l")
        self.defaults: dict[str, BaseModel] = {
            "make_plan": plan(),
            "create_containers": storage,
            "start_step": StepStarted(log_base=0),
        }

    def _fake(self, contract: Activity[Any, Any]) -> Callable[[Any], dict[str, Any]]:
        def fake(payload: Any) -> dict[str, Any]:
            request = contract.request.model_validate(payload)
            try:
                result = self._answer(contract, request)
            except BuildError as error:
                return {"error": error.detail.model_dump(mode="json")}
            return {"result": result.model_dump(mode="json")}

        return fake

    def _answer(self, contract: Activity[Any, Any], request: BaseModel) -> BaseModel:
        answer = self.answers.get(contract.name, self.defaults.get(contract.name))
        if isinstance(answer, BuildError):
            raise answer
        if callable(answer):
            answer = answer(request)
        if answer is not None:
            assert isinstance(answer, BaseModel)
            return answer
        if contract.name == "close_ledger":
            self.closed = True
            return Leftovers(entries=tuple(self.ledger))
        if contract.result is Operation:
            return Operation(doing=contract.name, url=f"https://arm/{contract.name}", retry_after=3)
        if contract.result is Progress:
            return Progress(done=True)
        assert contract.result is Nothing, contract
        return Nothing()

    def go(self) -> FlowResult:
        result = self.runner.run("build_image", BuildRequest(run=RUN).model_dump(mode="json"), instance_id="run-1")
        assert result.status == "Completed", result.output
        return result

    def cancel_at(self, activity: str, nth: int = 1) -> None:
        self.runner.on_activity(activity, lambda flow: flow.raise_event("cancel", {"by": "test"}), nth=nth)


def finish(result: FlowResult) -> dict[str, Any]:
    """Return what the run was finished with."""
    (call,) = result.calls_of("finish_run")
    return dict(call.input)


def phases(result: FlowResult) -> list[str]:
    """Return the phases in the order in which they were first entered."""
    names = [call.input["phase"] for call in result.calls_of("report_progress")]
    return list(dict.fromkeys(names))


def customizer_failed() -> CustomizerFailed:
    return CustomizerFailed(
        step="first", target="properties.customize[0]", exit_code=7, last_lines="no such thing", log="https://log"
    )
