"""Whole builds, and the events of them that a subscriber gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from devkit.guests.scripted.rules import Rule
from kiln.events.drain_all import drain_all
from kiln.events.outbox import Outboxes
from tests.flows.local_azure.kiln import Kiln, gallery, template

if TYPE_CHECKING:
    import pytest

    from devkit.local.in_process import InProcessAzure
    from tests.contract.kiln_events.conftest import Topic

PHASES = ["plan", "stage", "provision", "customize", "generalize", "capture", "distribute", "clean up"]


def submitted(azure: InProcessAzure, body: dict[str, Any]) -> Kiln:
    kiln = Kiln(azure, body)
    kiln.submit()
    assert kiln.template.provisioning_state == "Succeeded", kiln.template.provisioning_error
    return kiln


def told(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Each event's type, with what it is about."""
    return [(event["type"].removeprefix("Kiln."), about(event["data"])) for event in events]


def about(data: dict[str, Any]) -> str | None:
    names: list[str] = [data[key] for key in ("region", "phase") if key in data]
    output = data.get("output")
    return next(iter(names), output["name"] if isinstance(output, dict) else None)


def test_a_builds_events_come_once_each_and_in_order(local_azure: InProcessAzure, topic: Topic) -> None:
    targets = [gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}]
    kiln = submitted(local_azure, template(distribute=targets))

    run = kiln.build()

    events = topic.published()
    before, after = PHASES[: PHASES.index("capture") + 1], PHASES[PHASES.index("distribute") :]
    assert told(events) == [
        ("Build.Started", None),
        *(("Build.PhaseChanged", phase) for phase in before),
        ("Image.RegionReady", "westeurope"),
        ("Build.PhaseChanged", after[0]),
        ("Image.RegionReady", "northeurope"),
        ("Build.PhaseChanged", after[1]),
        ("Image.Published", "gallery"),
        ("Image.Published", "vhd"),
        ("Build.Succeeded", None),
    ]
    assert [event["sequence"] for event in events] == [f"{place:06}" for place in range(1, len(events) + 1)]
    received = topic.received(len(events))
    assert sorted(event["id"] for event in received) == sorted(event["id"] for event in events)
    assert {event["source"] for event in events} == {kiln.id.arm}
    assert {event["subject"] for event in events} == {run.run_id}
    published = events[-3]["data"]
    assert published["version"] == published["output"]["artifactId"].rpartition("/")[2]
    assert published["output"]["regions"] == ["westeurope", "northeurope"]
    assert published["source"] == {
        "type": "PlatformImage",
        "image": "Debian:debian-12:12-gen2",
        "version": run.source_version,
    }
    assert list(published["phaseSeconds"]) == PHASES


def test_a_failed_build_says_what_where_and_what_next(local_azure: InProcessAzure, topic: Topic) -> None:
    script = {"type": "Shell", "name": "install", "inline": ["TOKEN=planted-secret fail-the-announced-build"]}
    kiln = submitted(local_azure, template(customize=[script]))
    rule = Rule(matches=b"fail-the-announced-build", exit_code=3)
    local_azure.guests.rules.append(rule)

    run = kiln.build()

    local_azure.guests.rules.remove(rule)
    event = topic.published()[-1]
    assert event["type"] == "Kiln.Build.Failed"
    assert event["data"]["phase"] == "customize"
    assert event["data"]["error"]["code"] == "CustomizerFailed"
    assert event["data"]["error"]["target"] == "properties.customize[0]"
    assert event["data"]["logUrl"] == run.log_url
    assert "?" not in event["data"]["logUrl"]
    assert "planted-secret" not in json.dumps(topic.published())


def test_a_canceled_build_says_so_and_nothing_else_of_its_end(local_azure: InProcessAzure, topic: Topic) -> None:
    kiln = submitted(local_azure, template())
    kiln.cancel_at("start_machine")

    kiln.build()

    assert [name for name, _ in told(topic.published())][-2:] == ["Build.PhaseChanged", "Build.Canceled"]
    assert topic.published()[-1]["data"]["phase"] == "provision"


def test_activities_that_run_twice_tell_nothing_twice(local_azure: InProcessAzure, topic: Topic) -> None:
    kiln = submitted(local_azure, template(distribute=[gallery("northeurope")]))
    for activity in ("report_progress", "report_output", "report_stop", "finish_run"):
        kiln.runner.redeliver(activity, nth=None)

    kiln.build()
    drain_all()

    ids = [event["id"] for event in topic.published()]
    assert len(ids) == len(set(ids)) == len(topic.received(len(ids)))


def test_a_topic_that_is_down_does_not_touch_the_build_and_hears_of_it_later(
    local_azure: InProcessAzure, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    kiln = submitted(local_azure, template())
    topic.down(status=503, times=1000)

    run = kiln.build()
    assert run.state == "Succeeded", run.message
    assert topic.published() == []
    drain_all()
    topic.up()
    drain_all()

    kinds = [name for name, _ in told(topic.published())]
    assert (kinds[0], kinds[-1]) == ("Build.Started", "Build.Succeeded")
    assert len(topic.received(len(kinds))) == len(kinds)
    assert list(Outboxes().list()) == []
    warnings = [record.message for record in caplog.records if record.name == "kiln.events"]
    assert len(warnings) == 1, warnings


def test_a_finished_runs_outbox_is_removed_by_the_timer(local_azure: InProcessAzure, topic: Topic) -> None:
    kiln = submitted(local_azure, template())
    kiln.build()
    (left,) = Outboxes().list()
    assert left.unsent == ()

    drain_all()

    assert list(Outboxes().list()) == []
    assert len(topic.published()) == len(left.events)


def test_a_retry_tells_only_what_is_new(local_azure: InProcessAzure, topic: Topic) -> None:
    kiln = submitted(
        local_azure, template(distribute=[gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}])
    )
    late = {"region": "northeurope", "state": "Failed", "details": "no capacity"}
    kiln.fault(method="PUT", path="*/images/base/versions/*", nth=2, replication=late)
    kiln.fault(method="PATCH", path="*/images/base/versions/*", replication=late)
    first = kiln.build()
    assert first.state == "PartiallySucceeded", first.message
    heard = len(topic.published())

    again = kiln.build(retry_of=first)

    assert again.state == "Succeeded", again.message
    news = [entry for entry in told(topic.published()[heard:]) if entry[0].startswith("Image.")]
    assert news == [("Image.RegionReady", "northeurope"), ("Image.Published", "gallery")]
