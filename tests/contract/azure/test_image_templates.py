"""Image Builder's own templates and triggers, by its own SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.azure.harness import SEEDED, Harness, refused

EXAMPLES = Path(__file__).parents[3] / "examples"
GROUP = "rg-images"
TEMPLATES = f"{SEEDED}/providers/Microsoft.VirtualMachineImages/imageTemplates"


def template(**properties: Any) -> dict[str, Any]:
    source = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12", "version": "latest"}
    target = {"type": "VHD", "runOutputName": "disk"}
    return {
        "location": "westeurope",
        "tags": {"team": "web"},
        "identity": {"type": "None"},
        "properties": {"source": source, "distribute": [target], **properties},
    }


def put(cloud: Harness, name: str, body: dict[str, Any], group: str = GROUP) -> Any:
    return cloud.images.virtual_machine_image_templates.begin_create_or_update(group, name, body).result()


def test_a_template_is_kept_as_it_was_sent_and_nothing_is_built(cloud: Harness) -> None:
    script = "https://x.blob.core.windows.net/s/a.sh?sig=abc"
    sent = template(customize=[{"type": "Shell", "scriptUri": script}], buildTimeoutInMinutes=60)
    assert put(cloud, "web", sent).properties.provisioning_state == "Succeeded"
    found = cloud.images.virtual_machine_image_templates.get(GROUP, "web").as_dict()
    assert found.pop("properties") == {**sent["properties"], "provisioningState": "Succeeded"}
    assert found == {
        "id": f"{TEMPLATES}/web",
        "name": "web",
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "location": "westeurope",
        "tags": {"team": "web"},
        "identity": {"type": "None"},
    }
    assert [item["type"] for item in cloud.local("GET", "resources")["resources"] if "/virtualMachines/" in item] == []


def test_templates_are_listed_by_group_and_by_subscription_in_pages(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg-other", {"location": "westeurope"})
    names = {f"t{number:03}" for number in range(51)}
    for name in names:
        cloud.put(f"{TEMPLATES}/{name}", template()).raise_for_status()
    put(cloud, "elsewhere", template(), "rg-other")
    templates = cloud.images.virtual_machine_image_templates
    pages = [[found.name for found in page] for page in templates.list_by_resource_group(GROUP).by_page()]
    assert [len(page) for page in pages] == [50, 1]
    assert {name for page in pages for name in page} == names
    assert {found.name for found in templates.list()} == {*names, "elsewhere"}


def test_a_trigger_is_kept_listed_and_gone_with_its_group(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg-other", {"location": "westeurope"})
    put(cloud, "web", template(), "rg-other")
    triggers = cloud.images.triggers
    body = {"properties": {"kind": "SourceImage"}}
    made = triggers.begin_create_or_update("rg-other", "web", "follow", body).result()
    assert (made.properties.kind, made.properties.provisioning_state) == ("SourceImage", "Succeeded")
    assert triggers.get("rg-other", "web", "follow").name == "follow"
    assert [found.name for found in triggers.list_by_image_template("rg-other", "web")] == ["follow"]
    cloud.resources.resource_groups.begin_delete("rg-other").result()
    assert list(cloud.images.virtual_machine_image_templates.list()) == []
    refused(lambda: list(triggers.list_by_image_template(GROUP, "web")), "ParentResourceNotFound")


OF_BOTH = sorted(file for file in EXAMPLES.glob("*.json") if file.stem != "linux-restart")  # which has Kiln's Restart


@pytest.mark.parametrize("example", OF_BOTH, ids=lambda path: path.stem)
def test_the_examples_are_templates_for_image_builder_too(cloud: Harness, example: Path) -> None:
    body = json.loads(example.read_text())
    known = {"location", "tags", "identity", "properties"}
    stored = put(cloud, "example", {name: value for name, value in body.items() if name in known})
    assert stored.properties.provisioning_state == "Succeeded"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (template(colour="red"), "properties.colour: unknown property"),
        (template(source={"type": "Disk"}), "properties.source.type: 'Disk' is not one of PlatformImage"),
        (template(customize=[{"type": "Shell", "destination": "/x"}]), "customize[0].destination: unknown property"),
        (template(customize=[{"type": "Restart"}]), "'Restart' is not one of Shell, PowerShell, File, WindowsRestart"),
        (template(distribute=[{"type": "VHD", "runOutputName": "a b"}]), "runOutputName: expected a string that"),
        (template(distribute=[{"type": "ManagedImage", "runOutputName": "a"}]), "imageId: required and missing"),
        (template(buildTimeoutInMinutes=961), "properties.buildTimeoutInMinutes: expected an integer of at least 0"),
        (template(managedResourceTags={"a": 1}), "managedResourceTags.a: expected a string"),
        ({"location": "westeurope", "properties": {}}, "identity: required and missing"),
    ],
)
def test_what_microsofts_definition_does_not_have_is_refused(cloud: Harness, body: dict[str, Any], told: str) -> None:
    with pytest.raises(HttpResponseError) as caught:
        put(cloud, "web", body)
    assert told in str(caught.value)


def test_a_name_that_azure_would_not_take_is_refused(cloud: Harness) -> None:
    answer = cloud.put(f"{TEMPLATES}/a~b", template())
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, "imageTemplateName")


def test_what_is_not_modelled_is_refused_by_name(cloud: Harness) -> None:
    put(cloud, "web", template())
    templates = cloud.images.virtual_machine_image_templates
    for call in (
        lambda: templates.begin_run(GROUP, "web"),
        lambda: templates.begin_cancel(GROUP, "web"),
        lambda: templates.begin_delete(GROUP, "web"),
        lambda: list(templates.list_run_outputs(GROUP, "web")),
    ):
        assert "/imageTemplates/web" in str(refused(call, "EmulatorUnsupported"))
