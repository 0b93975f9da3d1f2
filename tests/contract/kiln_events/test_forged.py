"""Events that somebody made up: a version that Azure does not know leads to nothing, now or later."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import orchestrators
from activities.rebuild import look_up_version
from devkit.host.testing import FlowResult, FlowRunner
from kiln.events.cloud_events import of_source
from kiln.events.payloads import SourceVersionPublished
from kiln.events.received import Received, SourceImageVersionPublished, read_event, read_fact
from kiln.ids import TemplateId
from kiln.lifecycle.events import found, rebuild_instance
from kiln.rebuild.contracts import REBUILD, SourceVersion, VersionFacts
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import GalleryDefinition
from kiln.runs.record import TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from tests.flows.local_azure.kiln import GALLERY, SUBSCRIPTION, real_activities

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure

NOW = datetime(2026, 11, 22, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("topic")


class Follower:
    """A template with a trigger that follows a source."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.id = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"forged-{uuid.uuid4().hex[:8]}")
        properties = {"source": source, "distribute": [{"type": "VHD", "runOutputName": "vhd"}]}
        record = TemplateRecord(
            id=self.id,
            body={"location": "westeurope", "identity": {"type": "None"}, "properties": properties},
            created=NOW,
            changed=NOW,
            staging_group="IT_x",
        )
        Templates().create(record)
        body = {"properties": {"kind": "SourceImage"}}
        trigger = TriggerRecord(template=self.id, name="base", kind="SourceImage", body=body, created=NOW, changed=NOW)
        Triggers().put(trigger)
        enter_trigger(record, "base", NOW)

    def told(self, version: SourceVersion) -> FlowResult:
        """Run everything that an event starts to its end."""
        self.runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=real_activities())
        return self.runner.run(REBUILD.name, version.model_dump(mode="json"), instance_id=rebuild_instance(version))

    @property
    def runs(self) -> int:
        """The number of builds so far."""
        return len(list(Runs().list(self.id)))


def market_event(offer: str, version: str) -> SourceVersion:
    """An event such as the watcher's own, from whoever sends it."""
    payload = SourceVersionPublished(publisher="Contoso", offer=offer, sku="gen2", region="westeurope", version=version)
    event = read_event(json.loads(of_source(payload, SUBSCRIPTION, NOW).model_dump_json(exclude_none=True)))
    assert isinstance(event, Received)
    fact = read_fact(event)
    assert isinstance(fact, SourceImageVersionPublished)
    return found(fact, event, NOW)


def publish(azure: InProcessAzure, offer: str, version: str) -> None:
    body = {"publisher": "Contoso", "offer": offer, "sku": "gen2", "version": version, "osType": "Linux"}
    httpx.post(f"{azure.http_url}/_local/marketplace", json=body).raise_for_status()


def test_a_marketplace_version_that_is_not_there_leads_to_no_build_until_it_is_there(
    local_azure: InProcessAzure,
) -> None:
    offer = f"offer-{uuid.uuid4().hex[:8]}"
    publish(local_azure, offer, "1.0.0")
    web = Follower(
        {"type": "PlatformImage", "publisher": "Contoso", "offer": offer, "sku": "gen2", "version": "latest"}
    )
    forged = market_event(offer, "99.0.0")

    result = web.told(forged)

    assert result.status == "Failed"
    assert "does not list it" in str(result.error)
    assert (web.runs, [call.name for call in web.runner.calls]) == (0, ["look_up_version"] * 5)
    publish(local_azure, offer, "99.0.0")
    assert look_up_version(market_event(offer, "99.0.0")) == VersionFacts()


def test_a_gallery_version_that_is_not_there_leads_to_no_build() -> None:
    latest = f"{GALLERY}/images/hello/versions/latest"
    app = Follower({"type": "SharedImageVersion", "imageVersionId": latest})
    forged = market_event("x", "99.0.0").model_copy(
        update={"source": GalleryDefinition(id=f"{GALLERY}/images/hello"), "event": "forged"}
    )

    result = app.told(forged)

    assert result.status == "Completed"
    assert (app.runs, [call.name for call in app.runner.calls]) == (0, ["look_up_version"])
