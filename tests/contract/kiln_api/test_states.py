"""Every request in every state of a template and its run: whether it is allowed, and that nothing is ever stuck."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from kiln.ids import TemplateId
from kiln.runs.naming import delete_instance, submit_instance
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningError, ProvisioningState, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Answer, Api

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
RUN = "20261122-022112-00000001"
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "run": ("POST", "/run", None),
    "override": ("POST", "/run", {"overrides": {"buildTimeoutInMinutes": 30}}),
    "cancel": ("POST", "/cancel", None),
    "retry": ("POST", f"/runs/{RUN}/retry", None),
    "delete": ("DELETE", "", None),
    "put": ("PUT", "", template_body("something else")),
    "same": ("PUT", "", template_body()),
    "patch": ("PATCH", "", {"properties": {"vmProfile": {"vmSize": "Standard_D4s_v5"}}}),
    "tag": ("PATCH", "", {"tags": {"a": "b"}}),
    "trigger": ("PUT", "/triggers/t", {"properties": {"kind": "SourceImage"}}),
    "get": ("GET", "", None),
}
TABLE = """
provisioning run                 | run override cancel retry delete put same patch tag trigger get
-            -                   | 404 404      404    404   204    201 201  404   404 404     404
Creating     -                   | 409 409      204    404   202    200 200  202   200 409     200
Updating     -                   | 409 409      204    404   202    200 200  202   200 409     200
Updating     Running             | 409 409      202    409   202    200 200  202   200 409     200
Updating     Canceling           | 409 409      202    409   202    200 200  202   200 409     200
Updating     Failed              | 409 409      204    409   202    200 200  202   200 409     200
Succeeded    -                   | 202 202      204    404   202    200 200  202   200 201     200
Succeeded    Running             | 409 409      202    409   202    200 200  202   200 201     200
Succeeded    Canceling           | 409 409      202    409   202    200 200  202   200 201     200
Succeeded    Succeeded           | 202 202      204    409   202    200 200  202   200 201     200
Succeeded    PartiallySucceeded  | 202 202      204    202   202    200 200  202   200 201     200
Succeeded    Failed              | 202 202      204    202   202    200 200  202   200 201     200
Succeeded    Canceled            | 202 202      204    202   202    200 200  202   200 201     200
Failed       -                   | 409 409      204    404   202    200 200  202   200 409     200
Failed       Running             | 409 409      202    409   202    200 200  202   200 409     200
Failed       Failed              | 409 409      204    202   202    200 200  202   200 409     200
Failed       Succeeded           | 409 409      204    409   202    200 200  202   200 409     200
Deleting     -                   | 409 409      204    404   202    409 409  409   409 409     200
Deleting     Running             | 409 409      202    409   202    409 409  409   409 409     200
Deleting     Canceling           | 409 409      202    409   202    409 409  409   409 409     200
Deleting     Failed              | 409 409      204    409   202    409 409  409   409 409     200
"""


def rows() -> list[Any]:
    """Return the table as parameters: one for each state and request."""
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        state, statuses = line.split("|")
        provisioning, run = state.split()
        for request, status in zip(REQUESTS, statuses.split(), strict=True):
            found.append(pytest.param(provisioning, run, request, int(status), id=f"{provisioning}-{run}-{request}"))
    return found


class Scene:
    """A new template in a state, with its orchestrations in the task hub; and requests about it."""

    def __init__(self, provisioning: str, run: str) -> None:
        self.id = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
        self.api = Api()
        if provisioning == "-":
            return
        record = self._template(ProvisioningState(provisioning), None if run == "-" else RunState(run))
        if record.settled < record.version:
            self.api.hub.instances[submit_instance(record)] = OrchestrationRuntimeStatus.Running
        if record.provisioning_state is ProvisioningState.DELETING:
            self.api.hub.instances[delete_instance(record)] = OrchestrationRuntimeStatus.Running

    def _template(self, provisioning: ProvisioningState, run: RunState | None) -> TemplateRecord:
        settled = provisioning not in {ProvisioningState.CREATING, ProvisioningState.UPDATING}
        failed = provisioning is ProvisioningState.FAILED
        record = TemplateRecord(
            id=self.id,
            body=template_body(),
            settled=1 if settled else 0,
            settled_at=NOW if settled else None,
            created=NOW,
            changed=NOW,
            staging_group="IT_rg_web_3f9c8a1b",
            provisioning_state=provisioning,
            provisioning_error=ProvisioningError(code="BadPIRSource", message="There is none.") if failed else None,
        )
        if run is not None:
            made = new_run(record, NOW, "00000001").model_copy(update={"state": run})
            Runs().create(made)
            self.api.hub.instances[made.instance_id] = (
                OrchestrationRuntimeStatus.Completed if run.is_final else OrchestrationRuntimeStatus.Running
            )
            record = record.model_copy(update={"run_id": made.run_id})
        Templates().create(record)
        return record

    def send(self, request: str) -> Answer:
        """Send one of the table's requests."""
        method, below, body = REQUESTS[request]
        return self.api(method, f"{self.id.arm}{below}", body)


@pytest.mark.parametrize(("provisioning", "run", "request_", "status"), rows())
def test_every_request_in_every_state(provisioning: str, run: str, request_: str, status: int) -> None:
    answer = Scene(provisioning, run).send(request_)
    assert answer.status == status, answer.body
    if status >= 400:
        assert answer.error["target"]
    if status == 202:
        assert answer.headers["Retry-After"]
        assert "Location" in answer.headers
        assert ("Azure-AsyncOperation" in answer.headers) == (request_ != "delete")


def test_a_cancel_ends_a_run_in_every_state_that_has_one() -> None:
    for provisioning in ("Updating", "Succeeded", "Failed", "Deleting"):
        scene = Scene(provisioning, "Running")
        scene.send("cancel")
        assert Runs().require(scene.id, RUN).state is RunState.CANCELING
        assert [name for _, name, _ in scene.api.hub.events] == ["cancel"]


def test_a_deletion_is_started_in_every_state_but_the_one_in_which_it_is_going() -> None:
    for provisioning in ("Creating", "Updating", "Succeeded", "Failed"):
        scene = Scene(provisioning, "-")
        scene.send("delete")
        assert [name for name, _ in scene.api.hub.started] == ["delete_template"]
    going = Scene("Deleting", "-")
    going.send("delete")
    assert going.api.hub.started == []


@pytest.mark.parametrize(
    ("provisioning", "request_", "version"),
    [
        ("Succeeded", "put", 2),
        ("Succeeded", "same", 1),
        ("Succeeded", "patch", 2),
        ("Succeeded", "tag", 1),
        ("Updating", "put", 2),
        ("Updating", "same", 1),
        ("Failed", "same", 2),
        ("Failed", "tag", 1),
    ],
)
def test_what_changes_the_body_is_a_new_version_and_so_is_a_new_try(
    provisioning: str, request_: str, version: int
) -> None:
    scene = Scene(provisioning, "-")
    scene.send(request_)
    record = Templates().require(scene.id)
    assert record.version == version
    started = [name for name, _ in scene.api.hub.started]
    assert started == (["submit_template"] if version > 1 else [])
    listed = scene.api("GET", f"{scene.id.arm}/versions").body["value"]
    assert [each["name"] for each in listed] == [str(number) for number in range(version, 0, -1)]
    assert scene.api("GET", f"{scene.id.arm}/versions/1").body["properties"]["template"]["location"] == "westeurope"
    assert scene.api("GET", f"{scene.id.arm}/versions/{version + 1}").status == 404


def test_a_run_with_overrides_builds_another_body_and_leaves_the_template_alone() -> None:
    scene = Scene("Succeeded", "-")
    scene.send("override")
    record = Templates().require(scene.id)
    assert record.run_id is not None
    run = Runs().require(scene.id, record.run_id)
    assert run.overrides == {"buildTimeoutInMinutes": 30}
    assert run.body["properties"]["buildTimeoutInMinutes"] == 30
    assert "buildTimeoutInMinutes" not in record.body["properties"]
    shown = scene.api("GET", f"{scene.id.arm}/runs/{run.run_id}").body["properties"]
    assert (shown["overrides"], shown["templateVersion"]) == ({"buildTimeoutInMinutes": 30}, 1)


def test_a_retry_builds_what_the_earlier_run_was_to_build() -> None:
    scene = Scene("Succeeded", "Failed")
    scene.send("put")
    Templates().update(
        scene.id,
        lambda known: known.model_copy(update={"settled": 2, "provisioning_state": ProvisioningState.SUCCEEDED}),
    )
    assert scene.send("retry").status == 202
    record = Templates().require(scene.id)
    assert record.run_id is not None
    run = Runs().require(scene.id, record.run_id)
    assert (run.retry_of, run.version, run.body) == (RUN, 1, template_body())
    assert [name for name, _ in scene.api.hub.started] == ["submit_template", "build_image"]


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"overrides": {"customize": []}}, "properties.customize"),
        ({"overrides": []}, "properties"),
        ({"override": {}}, "override"),
        ([], "$"),
    ],
)
def test_a_run_that_asks_for_what_a_run_cannot_have_is_refused(body: Any, target: str) -> None:
    scene = Scene("Succeeded", "-")
    answer = scene.api("POST", f"{scene.id.arm}/run", body)
    assert (answer.status, answer.error["target"]) == (400, target)
    assert scene.api.hub.started == []


def test_the_staging_group_is_fixed_when_the_template_is_made() -> None:
    mine = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mine"
    scene = Scene("-", "-")
    body = template_body(stagingResourceGroup=mine)
    made = scene.api("PUT", scene.id.arm, body)
    assert made.body["properties"]["exactStagingResourceGroup"] == mine
    assert Templates().require(scene.id).staging_given
    assert scene.api("PUT", scene.id.arm, template_body(stagingResourceGroup=mine.upper())).status == 200
    for other in (None, "", f"{mine}2"):
        changed = copy.deepcopy(body)
        changed["properties"]["stagingResourceGroup"] = other
        answer = scene.api("PUT", scene.id.arm, changed)
        assert (answer.status, answer.error["code"]) == (409, "PropertyChangeNotAllowed")
        assert "rg-mine" in answer.error["message"]


def test_a_group_of_kilns_own_making_may_be_named_again_and_no_other() -> None:
    scene = Scene("Succeeded", "-")
    own = scene.send("get").body["properties"]["exactStagingResourceGroup"]
    assert scene.api("PUT", scene.id.arm, template_body(stagingResourceGroup=own)).status == 200
    other = template_body(stagingResourceGroup=f"{own}x")
    assert scene.api("PUT", scene.id.arm, other).status == 409
