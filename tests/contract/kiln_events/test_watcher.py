"""The watcher on the local marketplace and Event Grid: each new version has one event, whichever host dies."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import orchestrators
from activities import sources
from devkit.host.testing import FlowResult, FlowRunner
from kiln.cloud import marketplace_versions as marketplace
from kiln.doctor import triggers
from kiln.events import publisher
from kiln.ids import TemplateId
from kiln.rebuild.contracts import WatchRequest
from kiln.rebuild.source import MarketplaceImage
from kiln.rebuild.source_records import Sources
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.templates import Templates
from tests.flows.local_azure.kiln import SUBSCRIPTION, real_activities
from tests.poison import WORD, poisoned

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.rebuild.new_versions import SeenVersion
    from tests.contract.kiln_events.conftest import Topic

VERSION, ENDING = "Kiln.SourceImage.VersionPublished", "Kiln.SourceImage.Deprecating"


class Market:
    """A SKU of its own in the local marketplace, and templates that follow it."""

    def __init__(self, azure: InProcessAzure) -> None:
        self.azure = azure
        self.offer = f"offer-{uuid.uuid4().hex[:8]}"

    def publish(self, version: str, sku: str = "gen2", **facts: Any) -> None:
        """Publish a version in the marketplace."""
        body = {"publisher": "Contoso", "offer": self.offer, "sku": sku, "version": version, "osType": "Linux", **facts}
        httpx.post(f"{self.azure.http_url}/_local/marketplace", json=body).raise_for_status()

    def use(
        self, template: str = "web", sku: str = "gen2", region: str = "westeurope", version: str = "latest"
    ) -> MarketplaceImage:
        """Store a template that is built from it."""
        image = {"type": "PlatformImage", "publisher": "Contoso", "offer": self.offer, "sku": sku, "version": version}
        properties = {"source": image, "distribute": [{"type": "VHD", "runOutputName": "vhd"}]}
        now = datetime.now(UTC)
        Templates().create(
            TemplateRecord(
                id=TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=template),
                body={"location": region, "identity": {"type": "None"}, "properties": properties},
                created=now,
                changed=now,
                staging_group="IT_x",
            )
        )
        return MarketplaceImage(region=region, publisher="Contoso", offer=self.offer, sku=sku)

    def calls(self) -> list[str]:
        """The requests to the marketplace for this offer."""
        answer = httpx.get(f"{self.azure.http_url}/_local/requests").raise_for_status().json()
        return [call["path"] for call in answer["requests"] if self.offer in call["path"]]


@pytest.fixture
def market(local_azure: InProcessAzure) -> Market:
    return Market(local_azure)


def watch() -> FlowResult:
    """Run one round to its end."""
    runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=real_activities())
    return runner.run("watch_sources", WatchRequest().model_dump(mode="json"), instance_id="watch-sources")


def told(topic: Topic, kind: str = VERSION) -> list[tuple[str, str]]:
    """The regions and versions that events of a type tell of, in order."""
    found = [event["data"] for event in topic.published() if event["type"] == kind]
    return [(data["region"], data["version"]) for data in found]


def test_at_first_sight_the_newest_version_is_told_of_and_then_nothing_until_there_is_a_newer(
    market: Market, topic: Topic
) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        market.publish(version)
    market.use()

    watch()
    watch()
    assert told(topic) == [("westeurope", "1.10.0")]

    market.publish("1.11.0")
    market.publish("1.3.0")
    watch()
    assert told(topic) == [("westeurope", "1.10.0"), ("westeurope", "1.11.0")]
    assert topic.published()[-1]["data"]["previous"] == "1.10.0"


def test_a_round_that_was_lost_is_caught_up_with_in_order(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use()
    watch()

    for version in ("1.0.2", "1.0.10", "1.0.9"):
        market.publish(version)
    watch()

    assert [version for _, version in told(topic)] == ["1.0.0", "1.0.2", "1.0.9", "1.0.10"]


def test_a_crash_between_publishing_and_remembering_tells_again_with_the_same_id(
    market: Market, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.publish("1.0.0")
    market.use()
    with monkeypatch.context() as patch:
        patch.setattr(Sources, "remember", died)
        watch()
    watch()

    first, second = topic.published()
    assert (first["id"], first["source"]) == (second["id"], second["source"])
    watch()
    assert len(topic.published()) == 2


def died(*_: Any) -> None:
    raise ConnectionError("the host died")


def test_a_topic_that_is_down_loses_nothing(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use()
    topic.down(status=503, times=1000)
    assert watch().status == "Completed"
    assert told(topic) == []
    (source,) = [record for record in Sources().list() if record.source.offer == market.offer]
    assert source.failing_since is not None
    assert "PublishFailed" in source.reason

    topic.up()
    watch()

    assert told(topic) == [("westeurope", "1.0.0")]
    (source,) = [record for record in Sources().list() if record.source.offer == market.offer]
    assert (source.failing_since, source.reason, source.newest) == (None, "", "1.0.0")


def test_a_source_that_hangs_costs_its_own_bound_and_is_what_the_doctor_finds(
    market: Market, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.publish("1.0.0")
    market.use()
    market.use(template="hanging", sku="hanging")
    let_go, versions = threading.Event(), marketplace.versions

    def hang(subscription: str, source: MarketplaceImage) -> tuple[SeenVersion, ...]:
        if source.sku == "hanging":
            let_go.wait(60)
        return versions(subscription, source)

    monkeypatch.setattr(marketplace, "versions", hang)
    monkeypatch.setattr(sources, "CHECK_SECONDS", 2.0)

    result = watch()
    let_go.set()

    assert result.status == "Completed"
    assert told(topic) == [("westeurope", "1.0.0")]
    assert len(result.calls_of("check_source")) == 2
    (finding,) = [each for each in triggers.examine(datetime.now(UTC)).findings if market.offer in each.target]
    assert "took longer than 2 seconds" in finding.message


def test_a_source_whose_record_cannot_be_read_is_begun_anew_and_told_of_again(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    source = market.use()
    market.publish("1.0.0", sku="other")
    market.use(template="other", sku="other")

    with poisoned(Sources.path(source.key)):
        first = watch()
        assert len(told(topic)) == 1
        second = watch()
        assert len(told(topic)) == 2

    assert all(len(result.calls_of("check_source")) == 2 for result in (first, second)), "none was tried again"


def test_a_source_that_azure_answers_with_faults_is_tried_little(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use()
    market.use(template="faulty", sku="faulty")
    market.azure.add_fault(method="GET", path="*/skus/faulty/versions", status=500, times=1000)

    watch()
    market.azure.clear_faults()

    assert told(topic) == [("westeurope", "1.0.0")]
    assert len([path for path in market.calls() if "/skus/faulty/" in path]) <= 2


def test_templates_that_failed_or_cannot_be_read_are_passed_over(
    market: Market, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    market.publish("1.0.0")
    market.use()
    market.use(template="astray", sku="astray", region="/etc/../x")
    failed = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="astray")
    Templates().update(failed, lambda known: known.model_copy(update={"provisioning_state": ProvisioningState.FAILED}))
    path = f"templates/{SUBSCRIPTION}/rg-images/aaa-poisoned.json"

    with poisoned(path, f"triggers/{SUBSCRIPTION}/rg-images/aaa-poisoned/t.json"):
        assert watch().status == "Completed"

    assert told(topic) == [("westeurope", "1.0.0")]
    assert not [called for called in market.calls() if "astray" in called]
    assert any(path in item.getMessage() and item.levelname == "ERROR" for item in caplog.records)
    assert WORD not in caplog.text


def test_each_region_is_a_source_of_its_own(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use(region="westeurope")
    market.use(template="other", region="northeurope")

    watch()

    assert sorted(told(topic)) == [("northeurope", "1.0.0"), ("westeurope", "1.0.0")]
    assert len({event["id"] for event in topic.published()}) == 2


def test_an_image_that_is_about_to_go_is_warned_of_once_with_date_and_alternative(market: Market, topic: Topic) -> None:
    ending = {
        "imageState": "ScheduledForDeprecation",
        "scheduledDeprecationTime": "2030-05-31T00:00:00+00:00",
        "alternativeOption": {"type": "Offer", "value": "ubuntu-24_04-lts"},
    }
    market.publish("1.0.0")
    market.publish("1.0.1", deprecation=ending)
    market.use()

    watch()
    watch()

    (warning,) = [event for event in topic.published() if event["type"] == ENDING]
    assert warning["data"]["version"] == warning["subject"] == "1.0.1"
    assert warning["data"]["scheduled"] == "2030-05-31T00:00:00Z"
    assert warning["data"]["alternative"] == {"kind": "Offer", "value": "ubuntu-24_04-lts"}


def test_an_older_version_that_a_template_names_is_warned_of_as_well(market: Market, topic: Topic) -> None:
    ending = {"imageState": "ScheduledForDeprecation", "scheduledDeprecationTime": "2030-05-31T00:00:00+00:00"}
    market.publish("1.0.0", deprecation=ending)
    market.publish("1.0.1", deprecation=ending)
    market.publish("1.0.2")
    market.use()
    market.use(template="pinned", version="1.0.0")

    watch()
    watch()

    assert [event["subject"] for event in topic.published() if event["type"] == ENDING] == ["1.0.0"]


def test_an_image_that_is_not_there_is_passed_over(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use(sku="no-such")
    market.use(template="other")

    assert watch().status == "Completed"
    assert told(topic) == [("westeurope", "1.0.0")]


def test_hundreds_of_templates_on_ten_sources_are_ten_calls(market: Market, topic: Topic) -> None:
    for number in range(10):
        market.publish("1.0.0", sku=f"sku{number}")
    for number in range(200):
        market.use(template=f"t{number}", sku=f"sku{number % 10}")

    watch()

    assert len(market.calls()) == 10
    assert len(told(topic)) == 10
    watch()
    assert len(market.calls()) == 20
    assert len(told(topic)) == 10


def test_what_a_template_of_one_version_is_built_from_is_watched_as_well(market: Market, topic: Topic) -> None:
    market.publish("1.0.0")
    market.use(version="1.0.0")

    watch()
    market.publish("1.1.0")
    watch()

    assert told(topic) == [("westeurope", "1.0.0"), ("westeurope", "1.1.0")]


def test_without_a_topic_nothing_is_asked(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.publish("1.0.0")
    market.use()
    monkeypatch.setattr(publisher, "is_on", lambda: False)

    watch()

    assert market.calls() == []
