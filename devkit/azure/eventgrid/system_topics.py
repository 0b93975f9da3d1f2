"""System topics: topics for the events of a subscription or a resource group itself.

It owns their documents; it must not know when anything is announced.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.cloud_ids import SUBSCRIPTION_ID
from devkit.azure.errors import ArmError, invalid
from devkit.azure.eventgrid import topics
from devkit.azure.eventgrid.shapes import SYSTEM_TOPIC, SYSTEM_TOPIC_UPDATE
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.EventGrid/systemTopics"
PATH = crud.path_of(TYPE)
_LONGEST_NAME = 128
remove = topics.remove
works.work("systemTopic.put")(crud.settle)


@table.route("PUT", PATH, body=SYSTEM_TOPIC)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or replace a system topic; one source has one at most."""
    topics.check_name(call, _LONGEST_NAME)
    doc: dict[str, Any] = call.body
    if doc.pop("location").lower() != "global":
        raise invalid("A system topic of a subscription or resource group has the location 'global'.", "location")
    source = _source(cloud, doc["properties"])
    for other in cloud.store.list(kind=TYPE):
        if ids.key(other.properties["source"]) == ids.key(source) and other.key != ids.key(call.id):
            # The words of Azure: Azure/azure.policy.monitor issue 12, MicrosoftDocs/azure-docs pull request 97986.
            message = f"There is an existing tracked system topic for the given source {source}."
            raise ArmError(400, "InvalidRequest", f"{message} Only one system topic is allowed per source.")
    old = cloud.store.find(call.id)
    if old is not None and ids.key(old.properties["source"]) != ids.key(source):
        raise invalid("System topic source cannot be modified.", "properties.source")
    topics.complete_identity(cloud.store, doc, old)
    metric = old.properties["metricResourceId"] if old else str(uuid.uuid4())
    doc["properties"] = {**doc["properties"], "source": source, "metricResourceId": metric}
    resource, created = crud.stage(cloud, call, TYPE, doc)
    resource.doc["location"] = "global"
    cloud.store.save(resource)
    operation = cloud.operations.begin("systemTopic.put", resource.id, failure=call.failure)
    return crud.put_answer(cloud, call, resource, operation, status=201 if created else 200)


def _source(cloud: Cloud, properties: dict[str, Any]) -> str:
    """Return the source's id as stored. Raises ArmError if it does not fit the topic's type or does not exist."""
    source = properties["source"]
    if properties["topicType"].endswith("Subscriptions"):
        if ids.key(source) != f"/subscriptions/{SUBSCRIPTION_ID}":
            raise invalid(f"The source '{source}' is not this subscription's id.", "properties.source")
        return f"/subscriptions/{SUBSCRIPTION_ID}"
    if ids.parse(source, "properties.source").type:
        raise invalid(f"The source '{source}' is not a resource group's id.", "properties.source")
    return cloud.store.get(source).id


@table.route("PATCH", PATH, body=SYSTEM_TOPIC_UPDATE)
async def update(cloud: Cloud, call: Call) -> Answer:
    """Change tags or identity, at once."""
    resource = cloud.store.get(call.id)
    topics.complete_identity(cloud.store, call.body, resource)
    resource.doc.update(call.body)
    cloud.store.save(resource)
    return Answer(200, resource.show())


crud.reads(table, TYPE)
crud.deletes(table, works, TYPE, work="systemTopic.delete", remove=remove)
