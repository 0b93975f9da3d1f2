"""A small world for flow tests: fakes of every activity, in which a ledger exists as data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import orchestrators
from devkit.host.testing import FlowRunner
from kiln.contracts.base import Activity, Nothing, Operation, OperationCheck, Progress
from kiln.contracts.clean_up import CloseRequest, Deletions
from kiln.contracts.images import START_EXPORT, ChosenVersion
from kiln.contracts.machines import ScriptRequest, StepStarted
from kiln.contracts.runs import BEGIN_RUN, BuildRequest, RunTerms
from kiln.contracts.staging import StagedStorage
from kiln.contracts.templates import Submitted, TemplateRequest
from kiln.errors import BuildError, CustomizerFailed, RunCanceled, ValidatorFailed
from kiln.planner.plan import Plan
from kiln.runs.ledger import LedgerEntry
from tests.contracts import every
from tests.flows.kiln.plans import RUN, SUBMISSION, TEMPLATE, plan, staging

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from devkit.host.testing import FlowResult

INSTANCE_ID_LIMIT = 100
"""Characters: Durable Functions' limit for ids that people choose."""

STORAGE = StagedStorage(endpoint="https://blob", log_blob="customization.log")


class World:
    """Flows among fakes. `answers` replaces activities: each by a result, a `BuildError`, or a callable."""

    def __init__(self, **settings: Any) -> None:
        self.answers: dict[str, Any] = {}
        self.ledger: list[LedgerEntry] = [
            LedgerEntry(kind="vm", id="/vm", tier=1, purpose="build"),
            LedgerEntry(kind="nic", id="/nic", tier=2, purpose="build"),
            LedgerEntry(kind="disk", id="/disk", tier=2, purpose="build"),
        ]
        self.closed = False
        self.runner = FlowRunner(
            orchestrators=list(orchestrators.blueprints),
            activities={item.name: self._fake(item) for item in every(Activity)},
            **settings,
        )
        self.defaults: dict[str, BaseModel] = {
            "check_template": staging(artifacts=2),
            "begin_automatic_run": Submitted(),
            "make_plan": plan(),
            "create_containers": STORAGE,
            "choose_version": ChosenVersion(version="1.0.0"),
            "start_step": StepStarted(log_base=0),
            "check_step": Progress(done=True, exit_code=0),
            "list_staged": Deletions(),
            "start_spare": Operation(doing="replace nothing"),
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
        answer = self.answers.get(contract.name)
        if contract is BEGIN_RUN and answer is None:
            return self._terms()
        if isinstance(answer, BuildError):
            raise answer
        if callable(answer):
            answer = answer(request)
        if contract is START_EXPORT:
            answer = answer or request
        answer = answer or self.defaults.get(contract.name)
        if answer is not None:
            assert type(answer) is contract.result, contract
            return cast("BaseModel", answer)
        if isinstance(request, CloseRequest):
            return self._close(request)
        if contract.result is Operation:
            return Operation(doing=contract.name, url=f"https://arm/{contract.name}", retry_after=3)
        if contract.result is Progress:
            return Progress(done=True)
        assert contract.result is Nothing, contract
        return Nothing()

    def _terms(self) -> RunTerms:
        """Return the terms of the run, as the plan that is to be made has them."""
        planned = self.answers.get("make_plan")
        made = planned if isinstance(planned, Plan) else plan()
        return RunTerms.model_validate({name: getattr(made, name) for name in RunTerms.model_fields})

    def _close(self, request: CloseRequest) -> Deletions:
        self.closed = True
        kept = [entry for entry in self.ledger if entry.purpose in request.keep]
        return Deletions(
            entries=tuple(entry for entry in self.ledger if entry not in kept), kept=tuple(entry.id for entry in kept)
        )

    def go(self) -> FlowResult:
        """Run a build to its end."""
        return checked(self.runner.run("build_image", BuildRequest(run=RUN).model_dump(mode="json"), instance_id=ID))

    def submit(self) -> FlowResult:
        """Run a submission to its end."""
        return checked(self.runner.run("submit_template", SUBMISSION.model_dump(mode="json"), instance_id="submit-1"))

    def delete(self) -> FlowResult:
        """Run a deletion to its end, good or bad."""
        request = TemplateRequest(template=TEMPLATE, made=SUBMISSION.made)
        return whole(self.runner.run("delete_template", request.model_dump(mode="json"), instance_id="delete-1"))

    def cancel_at(self, activity: str, nth: int = 1) -> None:
        """Cancel the build when an activity runs for the nth time."""
        self.runner.on_activity(activity, lambda flow: flow.raise_event("cancel", {"by": "test"}), nth=nth)

    def slow(self, **delays: int) -> None:
        """Let the operations of the named activities end only at the nth question."""
        asked: dict[str, int] = {}

        def check(request: OperationCheck) -> Progress:
            doing = request.operation.doing
            asked[doing] = asked.get(doing, 0) + 1
            return Progress(done=asked[doing] >= delays.get(doing, 1), retry_after=2)

        self.answers["check_operation"] = check

    def never(self, *activities: str) -> None:
        """Let checks never be done: the fence alone ends them, once clean-up has begun."""

        def check(_: Any) -> Progress:
            if self.closed:
                raise RunCanceled(RUN.run_id)
            return Progress(done=False)

        for activity in activities:
            self.answers[activity] = check

    def exit_with(self, **codes: int) -> None:
        """Let scripts end with an exit code, by their keys (`_` for `-` and `.`); one that is not valid fails them."""

        def check(request: ScriptRequest) -> Progress:
            step = request.step
            code = codes.get(step.key.replace("-", "_").replace(".", "_"), 0)
            if code in step.valid_exit_codes:
                return Progress(done=True, exit_code=code)
            kind = ValidatorFailed if step.property_path.startswith("properties.validate") else CustomizerFailed
            raise kind(
                step=step.name, target=step.property_path, exit_code=code, last_lines="no such thing", log="https://log"
            )

        self.answers["check_step"] = check


ID = "a-template-of-this-lengt-20261122-000000-00000001"
"""An instance id of a build of the greatest length (kiln/runs/naming.py)."""


REQUESTS = {item.name: item.request for item in every(Activity)}


def whole(result: FlowResult) -> FlowResult:
    """Return the result with the activities' requests as these understand them: histories leave defaults out."""
    calls = tuple(
        replace(call, input=REQUESTS[call.name].model_validate(call.input).model_dump(mode="json"))
        for call in result.calls
    )
    return replace(result, calls=calls)


def checked(result: FlowResult) -> FlowResult:
    """Return the result of a flow that must have ended well, and whose instances must have fitting ids."""
    assert result.status == "Completed", result.error
    long = [name for name in result.histories if len(name) > INSTANCE_ID_LIMIT]
    assert not long
    return whole(result)


def finish(result: FlowResult) -> dict[str, Any]:
    """Return the request with which the run was finished."""
    (call,) = result.calls_of("finish_run")
    return dict(call.input)


def outputs(result: FlowResult) -> dict[str, dict[str, Any]]:
    """Return the run's outputs by name, as it was finished with them."""
    return {output["name"]: output for output in finish(result)["outputs"]}


def phases(result: FlowResult) -> list[str]:
    """Return the phases in the order in which they were first entered."""
    names = [call.input["phase"] for call in result.calls if call.name in {"begin_run", "report_progress"}]
    return list(dict.fromkeys(names))


def steps(result: FlowResult) -> list[str]:
    """Return the keys of the scripts in the order in which they were started."""
    return [call.input["step"]["key"] for call in result.calls_of("start_step")]


def deleted(result: FlowResult) -> list[str]:
    """Return the ids of the deleted resources, in order."""
    return [call.input["entry"]["id"] for call in result.calls_of("start_delete")]
