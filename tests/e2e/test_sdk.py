"""The unmodified azure-mgmt-imagebuilder drives Kiln from create to delete; builds run on scripted machines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient

from devkit.guests.scripted.rules import Rule
from devkit.specification import of_sdk
from tests.answers import ANSWERED
from tests.e2e.app import GALLERY, GROUP, SUBSCRIPTION, KilnApp, kinds, resources, template

if TYPE_CHECKING:
    from collections.abc import Iterator


class Anyone:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("anyone", int(time.time()) + 3600)


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture
def sdk(app: KilnApp) -> Iterator[ImageBuilderClient]:
    with ImageBuilderClient(
        Anyone(),
        SUBSCRIPTION,
        base_url=app.address,
        credential_scopes=[f"{app.address}/.default"],
        per_call_policies=[AllowHttp()],
        polling_interval=1,
        raw_response_hook=of_sdk(ANSWERED),
    ) as client:
        yield client


def test_create_run_poll_outputs_delete(sdk: ImageBuilderClient, app: KilnApp) -> None:
    templates = sdk.virtual_machine_image_templates
    created = templates.begin_create_or_update(GROUP, "sdk-web", template("base")).result()
    assert created.properties is not None
    staging = str(created.properties.exact_staging_resource_group).rsplit("/", 1)[-1]

    templates.begin_run(GROUP, "sdk-web").result()

    shown = templates.get(GROUP, "sdk-web")
    assert shown.properties is not None
    status = shown.properties.last_run_status
    assert status is not None
    assert status.run_state == "Succeeded"
    outputs = {output.name: output.properties for output in templates.list_run_outputs(GROUP, "sdk-web")}
    gallery, vhd = outputs["gallery"], outputs["vhd"]
    assert gallery is not None
    assert vhd is not None
    assert str(gallery.artifact_id).startswith(f"{GALLERY}/images/base/versions/")
    assert str(vhd.artifact_uri).endswith("/vhd.vhd")
    assert kinds(resources(app.azure, group=staging)) == [
        "networksecuritygroups",
        "resourcegroups",
        "storageaccounts",
        "virtualnetworks",
        "virtualnetworks/subnets",
    ]

    templates.begin_delete(GROUP, "sdk-web").result()

    with pytest.raises(ResourceNotFoundError):
        templates.get(GROUP, "sdk-web")
    assert resources(app.azure, group=staging) == set()


def test_a_failing_customizer_is_named_with_its_exit_code_and_last_lines(sdk: ImageBuilderClient, app: KilnApp) -> None:
    failing = Rule(matches=b"install-the-thing", exit_code=42, stdout=b"looking\nno such package\n")
    app.azure.guests.rules.append(failing)
    body = template("base", customize=[{"type": "Shell", "name": "packages", "inline": ["install-the-thing"]}])
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(GROUP, "sdk-fails", body).result()

    with pytest.raises(HttpResponseError) as caught:
        templates.begin_run(GROUP, "sdk-fails").result()

    assert "packages" in str(caught.value)
    assert "exit code 42" in str(caught.value)
    assert "no such package" in str(caught.value)
    shown = templates.get(GROUP, "sdk-fails").properties
    assert shown is not None
    assert shown.last_run_status is not None
    assert shown.last_run_status.run_state == "Failed"
    staging = str(shown.exact_staging_resource_group).rsplit("/", 1)[-1]
    assert "virtualmachines" not in kinds(resources(app.azure, group=staging))


def test_a_cancel_in_the_middle_of_a_script_ends_clean(sdk: ImageBuilderClient, app: KilnApp) -> None:
    app.azure.guests.rules.append(Rule(matches=b"wait-for-ever", delay=float("inf")))
    body = template("base", customize=[{"type": "Shell", "name": "endless", "inline": ["wait-for-ever"]}])
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(GROUP, "sdk-cancel", body).result()
    templates.begin_run(GROUP, "sdk-cancel", polling=False)

    templates.begin_cancel(GROUP, "sdk-cancel").result()

    shown = templates.get(GROUP, "sdk-cancel").properties
    assert shown is not None
    assert shown.last_run_status is not None
    assert shown.last_run_status.run_state == "Canceled"
    staging = str(shown.exact_staging_resource_group).rsplit("/", 1)[-1]
    left = kinds(resources(app.azure, group=staging))
    assert not {"virtualmachines", "networkinterfaces", "disks"} & set(left)
