"""The unmodified azure-mgmt-imagebuilder against Kiln's REST API: what works with Azure works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.contract.kiln_api.conftest import GALLERY_IMAGE, template_body

if TYPE_CHECKING:
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

    with pytest.raises(HttpResponseError, match=f"IT_{group}_stuck_") as raised:
        templates.begin_delete(group, "stuck").result()

    assert raised.value.error is not None
    assert raised.value.error.code == "DeletionFailed"
    assert shown(templates.get(group, "stuck")).provisioning_state == "Deleting"
    with pytest.raises(ResourceExistsError, match="being deleted"):
        templates.begin_run(group, "stuck")
    with pytest.raises(ResourceExistsError, match="being deleted"):
        templates.begin_create_or_update(group, "stuck", template_body())


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
