"""Triggers that follow a source, over the API: their index, cycles, the graph, and incoming events."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from activities.templates import forget_template
from kiln.contracts.templates import TemplateRequest
from kiln.ids import TemplateId
from kiln.lifecycle.events import REFUSED, UNFOLLOWED, take
from kiln.lifecycle.maintenance import WATCH_INSTANCE, start_watch
from kiln.rebuild.dependents import GRACE, Dependents
from kiln.rebuild.index import repair
from kiln.rebuild.source import GalleryDefinition, MarketplaceImage
from kiln.runs.documents import documents
from kiln.runs.new_run import new_run
from kiln.runs.record import RunCause, RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin_deletion, finish, settle
from tests.authority import ME
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body, template_path
from tests.contract.kiln_api.in_process import AUTHORITY, Answer, Api
from tests.contract.kiln_api.task_hub import TaskHub
from tests.own_clients import own_clients
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.usefixtures("no_throttle")
TRIGGER = {"properties": {"kind": "SourceImage"}}
DEBIAN = MarketplaceImage(region="westeurope", publisher="Debian", offer="debian-12", sku="12-gen2")
GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery/images"


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment(f"fo{uuid.uuid4().hex[:12]}")):
        yield


class Group:
    """A resource group's templates over the API, each with its submission over."""

    def __init__(self, group: str) -> None:
        self.name = group
        self.hub = TaskHub()
        self.api = Api(self.hub)

    def id(self, name: str) -> TemplateId:
        return TemplateId(subscription=SUBSCRIPTION, group=self.name, name=name)

    def put(self, name: str, produces: str = "", follows: str = "") -> Answer:
        properties: dict[str, Any] = {}
        if follows:
            latest = f"{GALLERY}/{follows}/versions/latest"
            properties["source"] = {"type": "SharedImageVersion", "imageVersionId": latest}
        if produces:
            target = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": f"{GALLERY}/{produces}"}
            properties["distribute"] = [target]
        answer = self.api("PUT", template_path(self.name, name), template_body(**properties))
        Templates().update(self.id(name), lambda known: settle(known, known.version, datetime.now(UTC), None))
        return answer

    def follow(self, name: str) -> Answer:
        return self.api("PUT", f"{template_path(self.name, name)}/triggers/base", TRIGGER)


@pytest.fixture
def templates(group: str) -> Group:
    return Group(group)


def dependents(source: MarketplaceImage | GalleryDefinition) -> list[str]:
    return [stored.content.template.name for stored in Dependents().of(source.key)]


def base(name: str) -> GalleryDefinition:
    return GalleryDefinition(id=f"{GALLERY}/{name}")


def test_a_trigger_is_found_by_its_source_until_it_is_deleted(templates: Group) -> None:
    templates.put("web")
    assert dependents(DEBIAN) == []

    for _ in range(2):
        templates.follow("web")
    assert dependents(DEBIAN) == ["web"]

    templates.api("DELETE", f"{template_path(templates.name, 'web')}/triggers/base")
    assert dependents(DEBIAN) == []


def test_a_template_that_gets_another_source_is_found_by_that(templates: Group) -> None:
    templates.put("web", produces="app")
    templates.follow("web")

    templates.put("web", produces="app", follows="base")

    assert dependents(base("base")) == ["web"]
    assert [entry.template.name for entry in Dependents().producers(base("app").key)] == ["web"]


def test_an_entry_that_its_template_contradicts_is_removed_once_it_is_old(templates: Group) -> None:
    templates.put("web")
    templates.follow("web")
    (stored,) = Dependents().of(DEBIAN.key)

    assert not Dependents().remove_orphan(stored, stored.content.since + GRACE - timedelta(seconds=1))
    assert Dependents().remove_orphan(stored, stored.content.since + GRACE)
    assert dependents(DEBIAN) == []


def test_a_repair_writes_what_a_crash_left_out_and_removes_what_it_left_over(templates: Group) -> None:
    templates.put("web")
    templates.follow("web")
    templates.put("gone")
    templates.follow("gone")
    (left,) = [each.content for each in Dependents().of(DEBIAN.key) if each.content.template.name == "web"]
    Dependents().remove(left)
    documents().delete(f"triggers/{templates.id('gone').key}/base.json")
    now = datetime.now(UTC)

    assert repair(now) == 1
    assert dependents(DEBIAN) == ["gone", "web"]
    assert repair(now + GRACE + timedelta(minutes=1)) == 1
    assert dependents(DEBIAN) == ["web"]
    assert repair(now) == 0


def test_a_template_that_is_forgotten_leaves_nothing_behind(templates: Group) -> None:
    templates.put("web", produces="app")
    templates.follow("web")
    web = Templates().update(templates.id("web"), lambda known: begin_deletion(known, datetime.now(UTC)))
    assert web is not None

    forget_template(TemplateRequest(template=web.id, made=web.created))

    assert dependents(DEBIAN) == []
    assert list(Dependents().producers(base("app").key)) == []


def test_the_trigger_that_closes_a_cycle_is_refused_and_the_cycle_is_named(templates: Group) -> None:
    templates.put("one", produces="x", follows="y")
    templates.put("other", produces="y", follows="x")
    assert templates.follow("one").status == HTTPStatus.CREATED

    refused = templates.follow("other")

    assert refused.status == HTTPStatus.BAD_REQUEST
    (detail,) = refused.error["details"]
    assert detail["target"] == "properties.kind"
    assert "other -> gallery/" in detail["message"]
    assert "-> one -> gallery/" in detail["message"]
    assert dependents(base("x")) == []


def test_a_cycle_is_not_named_to_whoever_may_not_read_all_of_it(templates: Group) -> None:
    templates.put("one", produces="x", follows="y")
    templates.put("hidden", produces="y", follows="x")
    templates.follow("hidden")
    own = json.dumps([{"principal": ME, "role": "Builder", "scope": templates.id("one").arm}])
    builder = Api(templates.hub, token=AUTHORITY.token(), settings={"KILN_GRANTS": own})

    refused = builder("PUT", f"{template_path(templates.name, 'one')}/triggers/base", TRIGGER)

    assert "one -> templates that you may not read -> one" in refused.error["details"][0]["message"]
    assert "hidden" not in json.dumps(refused.body)


def test_the_template_that_closes_a_cycle_is_refused(templates: Group) -> None:
    templates.put("one", produces="x", follows="y")
    templates.follow("one")
    templates.put("other", produces="z", follows="x")
    assert templates.follow("other").status == HTTPStatus.CREATED

    refused = templates.put("other", produces="y", follows="x")

    assert refused.status == HTTPStatus.BAD_REQUEST
    assert refused.error["details"][0]["target"] == "properties.distribute"
    assert templates.put("other", produces="z2", follows="x").status == HTTPStatus.OK


def test_a_template_may_patch_a_definition(templates: Group) -> None:
    templates.put("patch", produces="golden", follows="golden")

    assert templates.follow("patch").status == HTTPStatus.CREATED


def test_the_status_of_a_trigger_tells_that_it_is_deactivated(templates: Group) -> None:
    templates.put("web")
    templates.follow("web")
    began = datetime.now(UTC)
    for number in range(5):
        run = new_run(
            Templates().require(templates.id("web")),
            began + timedelta(milliseconds=number),
            f"{number:08}",
            cause=RunCause(trigger="base"),
        )
        Runs().create(finish(run, RunState.FAILED, run.requested, "no", None, ()))

    status = templates.api("GET", f"{template_path(templates.name, 'web')}/triggers/base").body["properties"]["status"]

    assert status["code"] == "Deactivated"
    assert "5 of its runs failed in a row" in status["message"]
    templates.follow("web")
    again = templates.api("GET", f"{template_path(templates.name, 'web')}/triggers/base").body["properties"]["status"]
    assert again["code"] == "Healthy"


def test_the_graph_shows_what_is_built_from_what(templates: Group) -> None:
    templates.put("base", produces="base")
    templates.put("app", produces="app", follows="base")
    templates.follow("app")

    for scope in ("", f"/resourceGroups/{templates.name}"):
        path = f"/subscriptions/{SUBSCRIPTION}{scope}/providers/Microsoft.VirtualMachineImages/imageGraph"
        graph = templates.api("GET", path).body
        names = {node["id"]: node["name"] for node in graph["nodes"]}
        edges = [(names[edge["from"]], names[edge["to"]]) for edge in graph["edges"]]
        assert set(edges) == {
            ("Debian:debian-12:12-gen2", "base"),
            ("base", "base"),
            ("base", "app"),
            ("app", "app"),
        }
        (followed,) = [edge for edge in graph["edges"] if edge.get("triggers")]
        assert followed["triggers"] == {"base": "Active"}
        assert followed["state"] == "NeverBuilt"


MARKET_EVENT = {
    "specversion": "1.0",
    "id": "Kiln.SourceImage.VersionPublished/westeurope/debian/debian-12/12-gen2/0.1.2",
    "source": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers/Debian"
    "/artifacttypes/vmimage/offers/debian-12/skus/12-gen2",
    "type": "Kiln.SourceImage.VersionPublished",
    "subject": "0.1.2",
    "time": "2026-11-22T06:30:00Z",
    "data": {
        "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "region": "westeurope", "version": "0.1.2",
    },
}  # fmt: skip
WRITTEN = {
    "id": "0a",
    "topic": f"/subscriptions/{SUBSCRIPTION}",
    "eventType": "Microsoft.Resources.ResourceWriteSuccess",
    "subject": f"{GALLERY}/base/versions/1.0.0",
    "eventTime": "2026-11-22T06:30:00Z",
    "dataVersion": "2",
    "data": {
        "operationName": "Microsoft.Compute/galleries/images/versions/write",
        "resourceUri": f"{GALLERY}/base/versions/1.0.0",
    },
}


def tell(hub: TaskHub, event: object) -> str:
    return asyncio.run(take(event, DurableOrchestrations(hub), datetime.now(UTC)))


def test_an_event_that_is_delivered_again_and_again_starts_one_rebuild(templates: Group) -> None:
    templates.put("web")
    templates.follow("web")
    hub = TaskHub()

    outcomes = [tell(hub, MARKET_EVENT) for _ in range(200)]

    assert [name for name, _ in hub.started] == ["rebuild"]
    assert outcomes[1:] == ["duplicate"] * 199


def test_a_version_that_was_told_of_too_early_is_taken_when_it_is_told_of_again(templates: Group) -> None:
    templates.put("web")
    templates.follow("web")
    hub = TaskHub()
    instance = tell(hub, MARKET_EVENT)

    hub.instances[instance] = OrchestrationRuntimeStatus.Failed  # as for a version that does not exist

    assert tell(hub, MARKET_EVENT) == instance
    assert len(hub.started) == 2


def test_a_source_that_nothing_follows_costs_no_orchestration(templates: Group) -> None:
    templates.put("web")
    hub = TaskHub()

    assert [tell(hub, event) for event in (MARKET_EVENT, WRITTEN)] == [UNFOLLOWED] * 2
    assert hub.started == []


def test_a_written_gallery_version_is_looked_at_once_for_each_write_in_both_schemas(templates: Group) -> None:
    templates.put("app", follows="base")
    templates.follow("app")
    hub = TaskHub()
    cloud = {
        "specversion": "1.0",
        "id": "0a",
        "source": WRITTEN["topic"],
        "type": WRITTEN["eventType"],
        "subject": WRITTEN["subject"],
        "data": WRITTEN["data"],
    }
    for event in (WRITTEN, cloud, {**WRITTEN, "id": "0b"}):
        tell(hub, event)

    assert len(hub.started) == 2


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {**MARKET_EVENT, "type": "Contoso.Anything"},
        {**MARKET_EVENT, "subject": "9.9.9"},
        {**MARKET_EVENT, "source": "/subscriptions/elsewhere"},
        {**MARKET_EVENT, "data": {"x": "y" * 2_000_000}},
        {**WRITTEN, "data": {**WRITTEN["data"], "operationName": "Microsoft.Compute/disks/write"}},  # type: ignore[dict-item]  # it is a dict
    ],
    ids=["nothing", "empty", "unknown", "inconsistent", "not from there", "oversize", "of no interest"],
)
def test_a_wrong_event_is_refused_and_counted_and_starts_nothing(
    event: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "kiln.events")
    hub = TaskHub()

    assert tell(hub, event) == REFUSED
    assert hub.started == []
    assert [record.metric for record in caplog.records if hasattr(record, "metric")] == ["kiln.events.refused"]


def test_a_round_of_the_watcher_is_not_started_beside_another() -> None:
    hub = TaskHub()

    assert asyncio.run(start_watch(DurableOrchestrations(hub)))
    assert not asyncio.run(start_watch(DurableOrchestrations(hub)))
    assert hub.started == [("watch_sources", WATCH_INSTANCE)]
