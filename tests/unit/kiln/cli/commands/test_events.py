from __future__ import annotations

import json
from typing import Any

from requests import ConnectionError as NoConnection

from tests.unit.kiln.cli.command_line import Clock, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

TEMPLATE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.VirtualMachineImages/imageTemplates/base"


def event(name: str, source: str = TEMPLATE, **data: Any) -> dict[str, Any]:
    return {"id": name, "type": name, "source": source, "subject": "r", "time": "2026-11-22T07:28:54Z", "data": data}


FAILED = event("Kiln.Build.Failed", seconds=64.0, error={"code": "CustomizerFailed", "message": "exit code 1"})


def started() -> dict[str, Any]:
    data = {"source": {"type": "PlatformImage", "image": "Debian:debian-12:12-gen2", "version": "12.1"}}
    return {**event("Kiln.Build.Started"), "data": data}


def test_events_are_a_line_each() -> None:
    published = event(
        "Kiln.SourceImage.VersionPublished",
        "/x/skus/12-gen2",
        publisher="Debian",
        offer="debian-12",
        sku="12-gen2",
        version="12.2",
        region="westeurope",
    )
    others = [
        event("Kiln.Build.PhaseChanged", phase="stage"),
        event("Kiln.Image.RegionReady", version="1.0.1", region="westeurope"),
        event("Kiln.Image.Published", output={"artifactId": "/g/versions/1.0.1"}),
        event("Kiln.Trigger.Deactivated", trigger="follow"),
        FAILED,
        event("Some.Type"),
    ]
    result = run("events", "tail", "--all", "--no-follow", kiln=FakeKiln(events=[[published, started()], others]))
    assert result.exit_code == 0
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "07:28:54 12-gen2 SourceImage.VersionPublished Debian:debian-12:12-gen2 12.2 in westeurope",
        "07:28:54 base Build.Started from Debian:debian-12:12-gen2 12.1",
        "07:28:54 base Build.PhaseChanged stage",
        "07:28:54 base Image.RegionReady 1.0.1 in westeurope",
        "07:28:54 base Image.Published /g/versions/1.0.1",
        "07:28:54 base Trigger.Deactivated follow",
        "07:28:54 base Build.Failed in 1 min 04 s: CustomizerFailed: exit code 1",
        "07:28:54 base Some.Type r",
    ]


def test_whole_events_are_json_lines_of_the_types_that_were_asked_for() -> None:
    kiln = FakeKiln(events=[[started(), FAILED, event("Other")]])
    options = ("--all", "--no-follow", "--json", "--type", "Kiln.*.Failed", "--type", "Oth*")
    result = run("events", "tail", *options, kiln=kiln)
    assert [json.loads(line)["type"] for line in result.stdout.splitlines()] == ["Kiln.Build.Failed", "Other"]


def test_it_begins_with_what_comes_next_and_goes_on_until_it_is_interrupted() -> None:
    kiln, clock = FakeKiln(events=[[started()]]), Clock(interrupt_after=3)
    result = run("events", "tail", kiln=kiln, clock=clock)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert clock.naps == [1.0, 1.0, 1.0]


def test_a_look_that_fails_is_told_and_made_again() -> None:
    kiln = FakeKiln(events=[NoConnection("gone"), [FAILED]])
    result = run("events", "tail", "--all", "--no-follow", kiln=kiln)
    assert "No answer from https://127.0.0.1:7071: gone. Trying again in 1 s." in result.stderr
    assert result.exit_code == 0
