from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from kiln.cli.screens.doctor import AREAS
from kiln.doctor.findings import Area
from tests.unit.kiln.cli.command_line import Clock, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import ENDPOINT, Answer, FakeKiln

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
TEMPLATE = f"{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.VirtualMachineImages/imageTemplates/web"
FINE: dict[str, Any] = {"time": "2026-07-16T09:00:00.000Z", "healthy": True, "findings": [], "facts": []}
ILL: dict[str, Any] = {
    "time": "2026-07-16T09:00:00.000Z",
    "healthy": False,
    "findings": [
        {
            "area": "leftovers",
            "severity": "Warning",
            "target": f"{SUBSCRIPTION}/resourceGroups/IT_web/providers/Microsoft.Compute/disks/kiln-20260716-os",
            "message": "It is a leftover (run 20260716-070000-1a2b3c4d is Failed).",
            "fix": "The next sweep removes it. To remove it now: kiln doctor --sweep.",
            "since": "2026-07-16T07:20:00.000Z",
            "cost": "by its size, every month",
        },
        {
            "area": "runs",
            "severity": "Error",
            "target": f"{TEMPLATE}/runs/20260716-070000-1a2b3c4d",
            "message": "The run is Running, but nothing works on it: its orchestration is failed or terminated.",
            "fix": "It has to be ended. The next sweep does that. To do it now: kiln doctor --sweep.",
            "since": "2026-07-14T07:00:00.000Z",
        },
        {
            "area": "permissions",
            "severity": "Error",
            "target": SUBSCRIPTION,
            "message": "Kiln's identity lacks 62 actions of its role 'Kiln lookups'.",
            "fix": 'Give it the role: az role assignment create --assignee 1 --role "Kiln lookups <hash>"',
            "details": [f"Microsoft.Compute/locations/{number}/read" for number in range(62)],
        },
    ],
    "facts": [
        {"area": "triggers", "target": "triggers", "text": "3 triggers are switched on."},
        {"area": "leftovers", "target": "sweep", "text": "The latest sweep ended 2026-07-16 08:20 UTC and deleted 2."},
    ],
}


def later(query: str) -> Answer:
    return Answer(202, headers={"Location": f"{ENDPOINT}{SUBSCRIPTION}/health?api-version=x&{query}"})


@dataclass
class Waiting(FakeKiln):
    """A fake API with answers that come one after another."""

    script: list[Answer] = field(default_factory=list)

    def _answer(self, *_: Any) -> Answer:
        return self.script.pop(0)


def test_each_area_has_its_title_in_the_order_of_the_areas() -> None:
    assert list(AREAS) == [area.value for area in Area], "the screen shows no finding of an area without a title"


def test_the_screen_shows_each_finding_with_its_age_its_cost_and_its_fix() -> None:
    result = run("doctor", kiln=FakeKiln(overrides={"GET health": Answer(200, ILL)}))

    assert result.exit_code == 1
    assert_screen("doctor", result.stdout)


def test_nothing_wrong_is_said_in_words_and_by_the_exit_code() -> None:
    result = run("doctor", kiln=FakeKiln(overrides={"GET health": Answer(200, FINE)}))

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "No problems."
    assert "Leftovers  fine" in result.stdout


def test_json_is_the_apis_own_and_the_exit_code_is_the_same() -> None:
    result = run("doctor", "--json", kiln=FakeKiln(overrides={"GET health": Answer(200, ILL)}))

    assert json.loads(result.stdout) == ILL
    assert result.exit_code == 1


def test_an_examination_is_waited_for() -> None:
    again = later("after=2026-07-16T08%3A59%3A00%2B00%3A00")
    kiln, clock = Waiting(script=[again, again, Answer(200, FINE)]), Clock()

    assert run("doctor", kiln=kiln, clock=clock).exit_code == 0

    assert len(clock.naps) == 2
    assert "after=2026-07-16T08%3A59%3A00%2B00%3A00" in str(kiln.sent[-1].url)
    assert str(kiln.sent[-1].url).startswith(
        f"{ENDPOINT}{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages/health"
    )


def test_a_sweep_is_asked_for_and_waited_for_first() -> None:
    again = later("after=x&sweep=wait")
    kiln = Waiting(script=[again, again, Answer(200, FINE)])

    assert run("doctor", "--sweep", kiln=kiln).exit_code == 0

    assert kiln.calls == ["POST sweep", "GET health", "GET health"]
    assert all("sweep=wait" in str(sent.url) for sent in kiln.sent[1:])


def test_an_examination_that_never_ends_is_given_up() -> None:
    kiln = FakeKiln(overrides={"GET health": later("after=x")})

    result = run("doctor", kiln=kiln)

    assert result.exit_code == 1
    assert "180 seconds" in result.stderr
