"""The unmodified azure-mgmt-imagebuilder against Kiln's REST API, where it works as with Azure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.polling import LROPoller

from tests.contract.kiln_api.conftest import GALLERY_IMAGE, async_sdk_at, sdk_at, template_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.mgmt.imagebuilder import ImageBuilderClient
    from azure.mgmt.imagebuilder.models import ImageTemplate, ImageTemplateLastRunStatus, ImageTemplateProperties


def shown(template: ImageTemplate) -> ImageTemplateProperties:
    assert template.properties is not None
    return template.properties


def last_run(sdk: ImageBuilderClient, group: str) -> ImageTemplateLastRunStatus:
    status = shown(sdk.virtual_machine_image_templates.get(group, "web")).last_run_status
    assert status is not None
    return status


def test_a_template_is_created_shown_listed_and_updated(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    created = templates.begin_create_or_update(group, "web", template_body()).result()

    assert created.name == "web"
    assert created.location == "westeurope"
    assert shown(created).provisioning_state == "Succeeded"
    assert shown(created).provisioning_error is None
    assert shown(created).source["publisher"] == "Debian"
    staging = shown(created).exact_staging_resource_group
    assert staging is not None
    assert staging.rsplit("/", 1)[1].startswith(f"IT_{group}_web_")
    assert shown(created).last_run_status is None

    updated = templates.begin_create_or_update(group, "WEB", template_body(buildTimeoutInMinutes=60)).result()
    assert updated.id == created.id
    assert shown(updated).build_timeout_in_minutes == 60
    assert shown(updated).exact_staging_resource_group == staging

    templates.begin_create_or_update(group, "app", template_body()).result()
    assert [each.name for each in templates.list_by_resource_group(group)] == ["app", "web"]
    assert {"app", "web"} <= {each.name for each in templates.list() if f"/{group}/" in str(each.id)}


def test_a_run_is_polled_to_its_end_and_leaves_its_outputs(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body()).result()

    poller = templates.begin_run(group, "web")
    poller.result()

    assert poller.status() == "Succeeded"
    status = last_run(sdk, group)
    assert status.run_state == "Succeeded"
    assert status.start_time is not None
    assert status.end_time is not None
    assert status.end_time >= status.start_time
    outputs = [(each.name, each.properties) for each in templates.list_run_outputs(group, "web")]
    assert [(name, made.artifact_id) for name, made in outputs if made] == [
        ("gallery", f"{GALLERY_IMAGE}/versions/1.0.0")
    ]
    one = templates.get_run_output(group, "web", "GALLERY").properties
    assert one is not None
    assert one.provisioning_state == "Succeeded"


def test_a_failed_run_raises_the_builds_own_error(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body("fail")).result()

    with pytest.raises(HttpResponseError, match="exit code 3") as raised:
        templates.begin_run(group, "web").result()

    assert raised.value.error is not None
    assert raised.value.error.code == "CustomizerFailed"


def test_a_cancel_is_over_when_the_run_is(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body("wait")).result()
    running = templates.begin_run(group, "web")

    templates.begin_cancel(group, "web").result()

    assert last_run(sdk, group).run_state == "Canceled"
    with pytest.raises(HttpResponseError, match="Canceled"):
        running.result()
    assert running.status() == "Canceled"


def test_a_cancel_of_nothing_is_over_at_once(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body()).result()
    poller = templates.begin_cancel(group, "web")
    poller.result()
    assert poller.done()


def test_a_deleted_template_is_gone_and_can_be_deleted_again(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body()).result()

    templates.begin_delete(group, "web").result()

    with pytest.raises(ResourceNotFoundError) as raised:
        templates.get(group, "web")
    assert raised.value.error is not None
    assert raised.value.error.code == "ResourceNotFound"
    templates.begin_delete(group, "web").result()


def test_a_template_is_deleted_while_its_run_is_going(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body("wait")).result()
    templates.begin_run(group, "web")

    templates.begin_delete(group, "web").result()

    assert list(templates.list_by_resource_group(group)) == []


def test_a_deletion_that_failed_says_what_to_do(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "stuck", template_body()).result()

    for _ in range(2):  # it can be asked for again
        with pytest.raises(HttpResponseError, match="ScopeLocked: a lock") as raised:
            templates.begin_delete(group, "stuck").result()
        assert raised.value.error is not None
        assert raised.value.error.code == "DeletionFailed"

    stuck = shown(templates.get(group, "stuck"))
    assert stuck.provisioning_state == "Failed"
    assert stuck.provisioning_error is not None
    assert "could not be deleted: " in str(stuck.provisioning_error.message)
    assert "ScopeLocked: a lock" in str(stuck.provisioning_error.message)
    with pytest.raises(ResourceExistsError, match="ScopeLocked"):
        templates.begin_run(group, "stuck")
    again = templates.begin_create_or_update(group, "stuck", template_body()).result()
    assert shown(again).provisioning_state == "Succeeded"
    assert shown(again).provisioning_error is None


def test_a_deletion_whose_orchestration_died_is_told_by_the_next_look(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "dead", template_body()).result()

    with pytest.raises(HttpResponseError, match="reported no result"):
        templates.begin_delete(group, "dead").result()

    assert shown(templates.get(group, "dead")).provisioning_state == "Failed"


def test_a_second_run_is_refused_while_the_first_is_going(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body("wait")).result()
    templates.begin_run(group, "web")

    with pytest.raises(ResourceExistsError, match=r"cancel it: POST .*/imageTemplates/web/cancel"):
        templates.begin_run(group, "web")

    templates.begin_cancel(group, "web").result()


def test_every_problem_of_a_template_is_told_at_once(sdk: ImageBuilderClient, group: str) -> None:
    body = template_body()
    body["properties"]["customize"] = [{"type": "Shell"}, {"type": "Nonsense"}]
    body["properties"]["colour"] = "red"

    with pytest.raises(HttpResponseError) as raised:
        sdk.virtual_machine_image_templates.begin_create_or_update(group, "web", body)

    assert raised.value.status_code == 400
    error = raised.value.error
    assert error is not None
    assert error.code == "ValidationFailed"
    assert [detail.target for detail in error.details] == [
        "properties.customize[0]",
        "properties.customize[1].type",
        "properties.colour",
    ]


def test_a_run_of_no_template_is_not_found(sdk: ImageBuilderClient, group: str) -> None:
    with pytest.raises(ResourceNotFoundError, match="does not exist"):
        sdk.virtual_machine_image_templates.begin_run(group, "nothing")


def test_a_submission_that_fails_raises_azures_own_reason_and_the_template_keeps_it(
    sdk: ImageBuilderClient, group: str
) -> None:
    templates = sdk.virtual_machine_image_templates
    body = {**template_body(), "tags": {"submission": "fail"}}

    with pytest.raises(HttpResponseError, match="There is no image") as raised:
        templates.begin_create_or_update(group, "web", body).result()

    assert raised.value.error is not None
    assert raised.value.error.code == "BadPIRSource"
    failed = shown(templates.get(group, "web"))
    assert failed.provisioning_state == "Failed"
    assert failed.provisioning_error is not None
    assert failed.provisioning_error.provisioning_error_code == "BadPIRSource"
    with pytest.raises(ResourceExistsError, match="not allowed in provisioningState Failed: There is no image"):
        templates.begin_run(group, "web")

    fixed = templates.begin_create_or_update(group, "web", template_body()).result()
    assert shown(fixed).provisioning_state == "Succeeded"
    assert shown(fixed).provisioning_error is None


def test_tags_are_changed_at_once_and_anything_else_is_submitted(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body()).result()

    tagged = templates.begin_update(group, "web", {"tags": {"team": "others"}})
    assert tagged.done()
    assert tagged.result().tags == {"team": "others"}

    bigger = {"properties": {"vmProfile": {"vmSize": "Standard_D4s_v5"}}}
    poller = templates.begin_update(group, "web", bigger)
    profile = shown(poller.result()).vm_profile
    assert profile is not None
    assert profile.vm_size == "Standard_D4s_v5"
    assert shown(templates.get(group, "web")).provisioning_state == "Succeeded"


def test_a_patch_that_loses_a_run_output_or_changes_more_is_refused(sdk: ImageBuilderClient, group: str) -> None:
    templates = sdk.virtual_machine_image_templates
    templates.begin_create_or_update(group, "web", template_body()).result()
    for patch, path in (
        ({"properties": {"distribute": [{"type": "VHD", "runOutputName": "other"}]}}, "properties.distribute"),
        ({"properties": {"customize": []}}, "properties.customize"),
        ({"location": "northeurope"}, "location"),
    ):
        with pytest.raises(HttpResponseError) as raised:
            templates.begin_update(group, "web", patch)
        assert raised.value.status_code == 400
        assert raised.value.error is not None
        assert [detail.target for detail in raised.value.error.details] == [path]
    with pytest.raises(ResourceNotFoundError):
        templates.begin_update(group, "nothing", {"tags": {}})


def test_a_trigger_is_stored_shown_listed_and_removed(sdk: ImageBuilderClient, group: str) -> None:
    sdk.virtual_machine_image_templates.begin_create_or_update(group, "web", template_body()).result()
    triggers = sdk.triggers

    made = triggers.begin_create_or_update(group, "web", "Nightly", {"properties": {"kind": "SourceImage"}}).result()
    again = triggers.begin_create_or_update(group, "WEB", "nightly", {"properties": {"kind": "SourceImage"}}).result()

    assert again.id == made.id
    found = triggers.get(group, "web", "NIGHTLY")
    assert found.name == "Nightly"
    assert found.properties is not None
    assert (found.properties.kind, found.properties.provisioning_state) == ("SourceImage", "Succeeded")
    assert found.properties.status is not None
    assert (found.properties.status.code, found.properties.status.message) == ("Healthy", "Trigger is active.")
    assert [each.name for each in triggers.list_by_image_template(group, "web")] == ["Nightly"]

    triggers.begin_delete(group, "web", "nightly").result()
    assert list(triggers.list_by_image_template(group, "web")) == []
    with pytest.raises(ResourceNotFoundError, match="has no trigger"):
        triggers.get(group, "web", "nightly")
    triggers.begin_delete(group, "web", "nightly").result()


def test_a_trigger_wants_a_template_that_it_can_fire(sdk: ImageBuilderClient, group: str) -> None:
    templates, trigger = sdk.virtual_machine_image_templates, {"properties": {"kind": "SourceImage"}}
    with pytest.raises(ResourceNotFoundError):
        sdk.triggers.begin_create_or_update(group, "web", "a", trigger)

    body = template_body()
    body["properties"]["source"]["version"] = "12.20240102.3"
    templates.begin_create_or_update(group, "web", body).result()
    with pytest.raises(HttpResponseError, match="trigger has 1 problem") as raised:
        sdk.triggers.begin_create_or_update(group, "web", "a", trigger)
    assert raised.value.error is not None
    assert [detail.target for detail in raised.value.error.details] == ["properties.source.version"]

    templates.begin_create_or_update(group, "web", template_body()).result()
    sdk.triggers.begin_create_or_update(group, "web", "a", trigger).result()
    with pytest.raises(HttpResponseError, match="one trigger of the kind SourceImage"):
        sdk.triggers.begin_create_or_update(group, "web", "b", trigger)

    templates.begin_create_or_update(group, "web", body).result()
    properties = sdk.triggers.get(group, "web", "a").properties
    assert properties is not None
    assert properties.status is not None
    assert properties.status.code == "Inactive"
    assert "properties.source.version" in str(properties.status.message)

    templates.begin_delete(group, "web").result()
    templates.begin_create_or_update(group, "web", template_body()).result()
    assert list(sdk.triggers.list_by_image_template(group, "web")) == []


def test_what_the_provider_can_do_is_listed(sdk: ImageBuilderClient) -> None:
    listed = {each.name: each for each in sdk.operations.list()}
    run = listed["Microsoft.VirtualMachineImages/imageTemplates/run/action"]
    assert run.display is not None
    assert run.display.resource == "Image templates"
    assert run.is_data_action is False


def test_no_operation_of_the_sdk_is_left_out(served: str, admin: str, group: str) -> None:
    """Drive each public method of the four groups once, synchronously, and notice a new one."""
    with sdk_at(served, admin) as sdk:
        templates, triggers = sdk.virtual_machine_image_templates, sdk.triggers
        trigger = {"properties": {"kind": "SourceImage"}}
        tour: dict[tuple[str, str], Callable[[], Any]] = {
            ("operations", "list"): lambda: list(sdk.operations.list()),
            ("templates", "begin_create_or_update"): lambda: templates.begin_create_or_update(
                group, "web", template_body()
            ),
            ("templates", "get"): lambda: templates.get(group, "web"),
            ("templates", "list_by_resource_group"): lambda: list(templates.list_by_resource_group(group)),
            ("templates", "list"): lambda: list(templates.list()),
            ("templates", "begin_update"): lambda: templates.begin_update(group, "web", {"tags": {"a": "b"}}),
            ("triggers", "begin_create_or_update"): lambda: triggers.begin_create_or_update(group, "web", "t", trigger),
            ("triggers", "get"): lambda: triggers.get(group, "web", "t"),
            ("triggers", "list_by_image_template"): lambda: list(triggers.list_by_image_template(group, "web")),
            ("triggers", "begin_delete"): lambda: triggers.begin_delete(group, "web", "t"),
            ("templates", "begin_run"): lambda: templates.begin_run(group, "web"),
            ("templates", "begin_cancel"): lambda: templates.begin_cancel(group, "web"),
            ("templates", "list_run_outputs"): lambda: list(templates.list_run_outputs(group, "web")),
            ("templates", "get_run_output"): lambda: templates.get_run_output(group, "web", "gallery"),
            ("templates", "begin_delete"): lambda: templates.begin_delete(group, "web"),
        }
        groups = {"operations": sdk.operations, "templates": templates, "triggers": triggers}
        there = {(name, each) for name, made in groups.items() for each in dir(made) if not each.startswith("_")}
        assert set(tour) == there
        for step in tour.values():
            answer = step()
            assert answer.result() is None or answer.done() if isinstance(answer, LROPoller) else answer


def test_the_asynchronous_sdk_works_as_well(served: str, admin: str, group: str) -> None:
    async def tour() -> tuple[str, list[str]]:
        async with async_sdk_at(served, admin) as sdk:
            templates = sdk.virtual_machine_image_templates
            await (await templates.begin_create_or_update(group, "web", template_body())).result()
            await (await templates.begin_run(group, "web")).result()
            outputs = [str(each.name) async for each in templates.list_run_outputs(group, "web")]
            state = shown(await templates.get(group, "web")).last_run_status
            await (await templates.begin_delete(group, "web")).result()
            assert [each async for each in templates.list_by_resource_group(group)] == []
            assert state is not None
            return str(state.as_dict()["runState"]), outputs

    assert asyncio.run(tour()) == ("Succeeded", ["gallery"])
