"""The unmodified azure-mgmt-imagebuilder drives Kiln from create to delete; builds run on scripted machines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.imagebuilder import ImageBuilderClient

from devkit.guests.scripted.rules import Rule
from devkit.local.environment import AUDIENCE
from devkit.specification import of_sdk
from tests.answers import ANSWERED
from tests.e2e.app import API, GALLERY, GROUP, SUBSCRIPTION, KilnApp, kinds, resources, template
from tests.tokens import token
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure


class Admin:
    """A credential for Kiln's API alone."""

    def __init__(self, azure: InProcessAzure) -> None:
        self._azure = azure

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        assert scopes == (f"{AUDIENCE}/.default",)
        return AccessToken(token(self._azure), int(time.time()) + 3600)


@pytest.fixture
def sdk(app: KilnApp) -> Iterator[ImageBuilderClient]:
    with ImageBuilderClient(
        Admin(app.azure),
        SUBSCRIPTION,
        base_url=app.address,
        credential_scopes=[f"{AUDIENCE}/.default"],
        connection_verify=str(app.azure.azurite.certificates.ca),
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


def test_a_template_is_updated_patched_and_given_a_trigger(sdk: ImageBuilderClient, app: KilnApp) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(GROUP, "sdk-versions", template("base")).result()
    templates.begin_create_or_update(GROUP, "sdk-versions", template("base", buildTimeoutInMinutes=60)).result()
    patched = templates.begin_update(
        GROUP, "sdk-versions", {"properties": {"vmProfile": {"vmSize": "Standard_D2s_v5"}}}
    ).result()
    assert patched.properties is not None
    assert patched.properties.vm_profile is not None
    assert patched.properties.vm_profile.vm_size == "Standard_D2s_v5"
    assert patched.properties.build_timeout_in_minutes == 60

    versions = app.call("GET", "sdk-versions/versions").json()["value"]
    assert [(each["name"], each["properties"]["provisioningState"]) for each in versions] == [
        ("3", "Succeeded"),
        ("2", "Succeeded"),
        ("1", "Succeeded"),
    ]
    trigger = {"properties": {"kind": "SourceImage"}}
    sdk.triggers.begin_create_or_update(GROUP, "sdk-versions", "new-source", trigger).result()
    made = sdk.triggers.get(GROUP, "sdk-versions", "new-source").properties
    assert made is not None
    assert made.status is not None
    assert made.status.code == "Healthy"
    assert "Microsoft.VirtualMachineImages/imageTemplates/triggers/write" in {
        each.name for each in sdk.operations.list()
    }

    templates.begin_delete(GROUP, "sdk-versions").result()
    templates.begin_create_or_update(GROUP, "sdk-versions", template("base")).result()
    assert list(sdk.triggers.list_by_image_template(GROUP, "sdk-versions")) == []
    assert [each["name"] for each in app.call("GET", "sdk-versions/versions").json()["value"]] == ["1"]


def test_a_source_that_does_not_exist_is_named_when_the_template_is_submitted(
    sdk: ImageBuilderClient, app: KilnApp
) -> None:
    body = template("base")
    body["properties"]["source"]["sku"] = "12-gen7"
    templates = sdk.virtual_machine_image_templates

    with pytest.raises(HttpResponseError, match="12-gen7") as caught:
        templates.begin_create_or_update(GROUP, "sdk-wrong", body).result()

    assert caught.value.error is not None
    assert caught.value.error.code == "BadPIRSource"
    failed = templates.get(GROUP, "sdk-wrong").properties
    assert failed is not None
    assert failed.provisioning_state == "Failed"
    staging = str(failed.exact_staging_resource_group).rsplit("/", 1)[-1]
    assert resources(app.azure, group=staging) == set()

    templates.begin_delete(GROUP, "sdk-wrong").result()


def test_a_retry_builds_what_failed_and_the_validators_output_is_a_log_of_its_own(
    sdk: ImageBuilderClient, app: KilnApp
) -> None:
    broken = Rule(matches=b"fetch-packages", exit_code=42)
    app.azure.guests.rules += [broken, Rule(matches=b"smoke-test", stdout=b"all is well\n")]
    body = template(
        "base",
        customize=[{"type": "Shell", "name": "packages", "inline": ["fetch-packages"]}],
        validate={"inVMValidations": [{"type": "Shell", "name": "smoke", "inline": ["smoke-test"]}]},
    )
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(GROUP, "sdk-retry", body).result()
    with pytest.raises(HttpResponseError, match="exit code 42"):
        templates.begin_run(GROUP, "sdk-retry").result()
    failed = app.call("GET", "sdk-retry/runs").json()["value"][0]["name"]

    app.azure.guests.rules.remove(broken)
    assert app.call("POST", f"sdk-retry/runs/{failed}/retry").status_code == 202

    retried = app.call("GET", "sdk-retry/runs").json()["value"][0]["name"]
    run = until(lambda: (found := app.run_state("sdk-retry", retried))["runState"] != "Running" and found, within=120)
    assert (run["runState"], run["retryOf"]) == ("Succeeded", failed)
    log = f"sdk-retry/runs/{retried}/log"
    assert "all is well" in app.call("GET", log, params={**API, "name": "validation"}).text
    assert "all is well" not in app.call("GET", log).text
