"""Reach: each request that stores or builds a template with a name outside of it is refused."""

from __future__ import annotations

import copy
import json
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from kiln.ids import TemplateId
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.app_settings import set_settings
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Answer, Api

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.usefixtures("narrow_reach", "no_throttle")

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
SECRETS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secrets/providers"
IMAGE = f"{SECRETS}/Microsoft.Compute/galleries/private/images/payroll"
OWNER = f"{SECRETS}/Microsoft.ManagedIdentity/userAssignedIdentities/owner"
TARGET = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": IMAGE}
SOURCE = {"type": "SharedImageVersion", "imageVersionId": f"{IMAGE}/versions/latest"}


@pytest.fixture
def narrow_reach(azure_environment: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> InProcessAzure:
    """Let templates name resources in the group of the examples, and no others of the very same subscription."""
    allow(monkeypatch, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images")
    return azure_environment


def allow(patch: pytest.MonkeyPatch, *resources: str) -> None:
    set_settings(patch, KILN_REACH=json.dumps([{"templates": "/", "resources": resources}]))


class Scene:
    """A template whose latest run failed; `body` is that of both, from a time when the reach was wider."""

    def __init__(self, body: dict[str, Any] | None = None, **properties: Any) -> None:
        self.id = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:8]}", name="web")
        self.api = Api()
        record = TemplateRecord(
            id=self.id,
            body=body or template_body(**properties),
            settled=1,
            settled_at=NOW,
            created=NOW,
            changed=NOW,
            staging_group="IT_rg_web_3f9c8a1b",
            provisioning_state=ProvisioningState.SUCCEEDED,
        )
        self.run = new_run(record, NOW, "00000001").model_copy(update={"state": RunState.FAILED})
        Runs().create(self.run)
        Templates().create(record.model_copy(update={"run_id": self.run.run_id}))

    def send(self, method: str, below: str = "", body: Any = None) -> Answer:
        return self.api(method, f"{self.id.arm}{below}", body)

    def is_untouched(self) -> bool:
        record = Templates().require(self.id)
        return (record.version, record.run_id, self.api.hub.started) == (1, self.run.run_id, [])


def refused(answer: Answer, action: str, path: str, resource: str) -> None:
    """Assert that the answer is Resource Manager's refusal: with the caller, the action, the place and a remedy."""
    assert answer.status == 403
    assert answer.error["code"] == "LinkedAuthorizationFailed"
    assert re.search(r"The client '.+' with object id '[0-9a-f-]{36}' has permission", answer.error["message"])
    assert f"has permission to perform action 'Microsoft.VirtualMachineImages/{action}'" in answer.error["message"]
    detail = next(detail for detail in answer.error["details"] if detail["target"].startswith(path))
    assert detail["code"] == "LinkedAuthorizationFailed"
    assert resource in detail["message"]
    assert "KILN_REACH" in answer.error["message"]


@pytest.mark.parametrize(
    ("path", "resource", "properties"),
    [
        ("properties.source.imageVersionId", IMAGE, {"source": SOURCE}),
        ("properties.distribute[0].galleryImageId", IMAGE, {"distribute": [TARGET]}),
        ("properties.vmProfile.userAssignedIdentities[0]", OWNER, {"vmProfile": {"userAssignedIdentities": [OWNER]}}),
        (
            "properties.distribute[0].uri",
            "https://payroll.blob.core.windows.net/vhds",
            {
                "distribute": [
                    {"type": "VHD", "runOutputName": "v", "uri": "https://payroll.blob.core.windows.net/vhds"}
                ]
            },
        ),
        (
            "properties.stagingResourceGroup",
            "secrets",
            {"stagingResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secrets"},
        ),
    ],
)
def test_a_template_that_names_what_is_out_of_reach_is_not_stored(
    path: str, resource: str, properties: dict[str, Any]
) -> None:
    api, template = Api(), f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    template += "/providers/Microsoft.VirtualMachineImages/imageTemplates/web"

    answer = api("PUT", template, template_body(**properties))

    refused(answer, "imageTemplates/write", path, resource)
    assert api("GET", template).status == 404
    assert api.hub.started == []


def test_the_identity_that_reads_a_templates_files_must_be_in_reach() -> None:
    scene = Scene()
    body = template_body() | {"identity": {"type": "UserAssigned", "userAssignedIdentities": {OWNER: {}}}}

    refused(scene.send("PUT", "", body), "imageTemplates/write", "identity.userAssignedIdentities", OWNER)
    patch = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {OWNER: {}}}}
    refused(scene.send("PATCH", "", patch), "imageTemplates/write", "identity.userAssignedIdentities", OWNER)
    assert scene.is_untouched()


def test_a_patch_cannot_bring_in_what_a_put_cannot() -> None:
    scene = Scene()
    patch = {"properties": {"distribute": [TARGET]}}

    refused(scene.send("PATCH", "", patch), "imageTemplates/write", "properties.distribute[0]", IMAGE)
    assert scene.is_untouched()


def test_overrides_cannot_bring_in_what_a_put_cannot() -> None:
    inside = "/subscriptions/{0}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery/images/hello"
    source = {"type": "SharedImageVersion", "imageVersionId": f"{inside.format(SUBSCRIPTION)}/versions/1.0.0"}
    scene = Scene(source=source)
    overrides = {"overrides": {"source": {"imageVersionId": f"{IMAGE}/versions/1.0.0"}}}

    answer = scene.send("POST", "/run", overrides)

    refused(answer, "imageTemplates/run/action", "properties.source.imageVersionId", IMAGE)
    assert scene.is_untouched()


def test_what_was_in_reach_once_is_neither_run_nor_retried_nor_changed_when_it_no_longer_is() -> None:
    scene = Scene(distribute=[TARGET])

    refused(scene.send("POST", "/run"), "imageTemplates/run/action", "properties.distribute[0]", IMAGE)
    retry = scene.send("POST", f"/runs/{scene.run.run_id}/retry")
    refused(retry, "imageTemplates/runs/retry/action", "properties.distribute[0]", IMAGE)
    tags = scene.send("PATCH", "", {"tags": {"a": "b"}})
    refused(tags, "imageTemplates/write", "properties.distribute[0]", IMAGE)
    assert scene.is_untouched()
    assert scene.send("DELETE").status == 202


def test_a_retry_is_judged_by_what_the_earlier_run_was_to_build() -> None:
    scene = Scene(distribute=[TARGET])
    Templates().update(scene.id, lambda found: found.model_copy(update={"body": template_body()}))

    retry = scene.send("POST", f"/runs/{scene.run.run_id}/retry")

    refused(retry, "imageTemplates/runs/retry/action", "properties.distribute[0]", IMAGE)


def test_unset_lets_templates_name_marketplace_images_and_staged_vhds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_REACH=None)
    scene = Scene()
    staged = template_body(distribute=[{"type": "VHD", "runOutputName": "gallery"}])

    answer = scene.send("PUT", "", template_body())

    refused(answer, "imageTemplates/write", "properties.distribute[0]", "/galleries/gallery/images/hello")
    assert "KILN_REACH is not set" in answer.error["message"]
    assert scene.send("PUT", "", staged).status == 200


def test_all_that_is_out_of_reach_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch)
    body = copy.deepcopy(template_body(source=SOURCE, distribute=[TARGET]))

    answer = Scene().send("PUT", "", body)

    assert [detail["target"] for detail in answer.error["details"]] == [
        "properties.source.imageVersionId",
        "properties.distribute[0].galleryImageId",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/..",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/%2e%2e",
        f"{SECRETS}/x",
        "resourceGroups/secrets",
    ],
)
def test_a_staging_group_that_is_no_groups_id_is_no_group_of_the_template(text: str) -> None:
    """The submission says so; neither before that nor when the template is deleted is anything done to such a group."""
    api, name = Api(), f"rg-{uuid.uuid4().hex[:8]}"
    template = TemplateId(subscription=SUBSCRIPTION, group=name, name="web")
    body = template_body(stagingResourceGroup=text)

    assert api("PUT", template.arm, body).status == 201

    record = Templates().require(template)
    assert record.staging_group.startswith(f"IT_{name}_web_")
    assert not record.staging_given
