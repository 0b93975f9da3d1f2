"""Events of the local Azure's own resources, through system topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.azure import bodies
from tests.contract.azure.event_grid import Subscriber, management
from tests.contract.azure.harness import SUBSCRIPTION, Harness, refused
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = f"/subscriptions/{SUBSCRIPTION}"
ALL = "Microsoft.Resources.Subscriptions"
DISK = {
    "location": "westeurope",
    "sku": {"name": "Premium_LRS"},
    "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Empty"}},
}
ONE_GROUP = "Microsoft.Resources.ResourceGroups"


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as running:
        yield running


@pytest.fixture(autouse=True)
def group(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})


def watch(cloud: Harness, url: str, *, source: str = SOURCE, kind: str = ALL, **properties: Any) -> Any:
    topic = {"location": "global", "source": source, "topic_type": kind}
    client = management(cloud)
    made = client.system_topics.begin_create_or_update("rg-images", "system", topic).result()
    destination = {"endpointType": "WebHook", "properties": {"endpointUrl": url}}
    body = {"properties": {"destination": destination, **properties}}
    client.system_topic_event_subscriptions.begin_create_or_update("rg-images", "system", "watch", body).result()
    return made


def events(subscriber: Subscriber) -> list[dict[str, Any]]:
    return [event for request in subscriber.requests() for event in request.body]


def wait_for(subscriber: Subscriber, kind: str, name: str) -> dict[str, Any]:
    def found() -> Any:
        mine = [event for event in events(subscriber) if event["eventType"] == f"Microsoft.Resources.Resource{kind}"]
        return next((event for event in mine if event["data"]["operationName"] == name), None)

    result: dict[str, Any] = until(found)
    return result


def test_a_system_topic_is_global_and_one_for_its_source(cloud: Harness, subscriber: Subscriber) -> None:
    made = watch(cloud, subscriber.url)
    assert (made.location, made.source, made.topic_type) == ("global", SOURCE, ALL)
    assert made.provisioning_state == "Succeeded"
    create = management(cloud).system_topics.begin_create_or_update
    other = {"location": "global", "source": SOURCE, "topic_type": ALL}
    refused(lambda: create("rg-images", "second", other), "InvalidRequest")
    local = {"location": "westeurope", "source": f"{SOURCE}/resourceGroups/rg", "topic_type": ONE_GROUP}
    refused(lambda: create("rg-images", "second", local), "InvalidParameter")
    refused(
        lambda: create("rg-images", "second", {**local, "location": "global", "source": SOURCE}), "InvalidParameter"
    )
    management(cloud).system_topics.begin_delete("rg-images", "system").result()
    assert list(management(cloud).system_topics.list_by_subscription()) == []


def test_a_write_is_announced_when_its_operation_has_ended(cloud: Harness, subscriber: Subscriber) -> None:
    watch(cloud, subscriber.url)
    cloud.compute.disks.begin_create_or_update("rg", "disk", DISK).result()
    event = wait_for(subscriber, "WriteSuccess", "Microsoft.Compute/disks/write")
    resource = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/disks/disk"
    assert event["subject"] == event["data"]["resourceUri"] == resource
    assert (event["topic"], event["dataVersion"], event["metadataVersion"]) == (SOURCE, "2", "1")
    data = event["data"]
    assert (data["status"], data["resourceProvider"]) == ("Succeeded", "Microsoft.Compute")
    assert data["authorization"]["action"] == "Microsoft.Compute/disks/write"
    assert data["correlationId"]
    assert "httpRequest" not in data
    cloud.compute.disks.begin_delete("rg", "disk").result()
    deleted = wait_for(subscriber, "DeleteSuccess", "Microsoft.Compute/disks/delete")
    assert deleted["data"]["httpRequest"]["method"] == "DELETE"


def test_a_gallery_version_is_announced_and_so_is_a_write_of_its_tags_alone(
    cloud: Harness, subscriber: Subscriber
) -> None:
    name = "Microsoft.Compute/galleries/write"
    filters = [{"operatorType": "StringIn", "key": "data.operationName", "values": [name]}]
    watch(
        cloud,
        subscriber.url,
        filter={"includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"], "advancedFilters": filters},
    )
    gallery = {"location": "westeurope", "tags": {"a": "1"}}
    for _ in range(2):
        cloud.compute.galleries.begin_create_or_update("rg", "shared", gallery).result()
    first, second = until(lambda: len(found := events(subscriber)) == 2 and found)
    assert first["subject"] == second["subject"]
    assert first["id"] != second["id"]
    assert {event["data"]["operationName"] for event in (first, second)} == {name}


def test_actions_and_failures_are_announced(cloud: Harness, subscriber: Subscriber) -> None:
    watch(cloud, subscriber.url)
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    cloud.storages.storage_accounts.begin_create("rg", "kilnannounced", account).result()
    cloud.storages.storage_accounts.list_keys("rg", "kilnannounced")
    listed = wait_for(subscriber, "ActionSuccess", "Microsoft.Storage/storageAccounts/listKeys/action")
    assert listed["subject"].endswith("/storageAccounts/kilnannounced")
    refused(lambda: cloud.storages.storage_accounts.begin_create("rg", "Not-Valid", account), "AccountNameInvalid")
    failed = wait_for(subscriber, "WriteFailure", "Microsoft.Storage/storageAccounts/write")
    assert failed["data"]["status"] == "Failed"
    rule = {"method": "PUT", "path": "*/disks/broken", "operation": "Failed", "code": "Broken"}
    cloud.local("PUT", "faults", json=[rule])
    refused(lambda: cloud.compute.disks.begin_create_or_update("rg", "broken", DISK).result(), "Broken")
    assert wait_for(subscriber, "WriteFailure", "Microsoft.Compute/disks/write")["subject"].endswith("/broken")


def test_a_groups_topic_hears_of_its_own_resources_alone(cloud: Harness, subscriber: Subscriber) -> None:
    cloud.resources.resource_groups.create_or_update("rg2", {"location": "westeurope"})
    watch(cloud, subscriber.url, source=bodies.group_id("rg"), kind=ONE_GROUP)
    for name in ("rg2", "rg"):
        cloud.resources.resource_groups.create_or_update(name, {"location": "westeurope", "tags": {"a": "b"}})
    kind = "Microsoft.Resources/subscriptions/resourceGroups/write"
    assert wait_for(subscriber, "WriteSuccess", kind)["subject"] == bodies.group_id("rg")
    cloud.resources.resource_groups.begin_delete("rg").result()
    wait_for(subscriber, "DeleteSuccess", kind.replace("write", "delete"))
    assert {event["subject"] for event in events(subscriber)} == {bodies.group_id("rg")}
