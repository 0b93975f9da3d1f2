"""Deaths of real processes by kill -9 under a build in real time: the host's, again and again; the others', once.

The host dies after each history event that is new, over and over for as long as a phase lasts; and after the nth event
alone. Azurite is stopped by SIGTERM, for it loses what it has answered for when it is killed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from devkit.guests.scripted.disk import read_disk
from kiln.ids import PROVIDER
from kiln.runs.record import Phase
from tests.e2e.app import API, SUBSCRIPTION, kinds, resources
from tests.faults.crash_scene import BODY, SUBMISSION
from tests.faults.crash_services import ground, running
from tests.faults.matrix import Case
from tests.tokens import bearer
from tests.waiting import SHORTEST, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.faults.crash_services import Ground, MortalApp, Services

NAME = "dying"
ANYWHERE = "anywhere"
POINTS = range(100, 900, 200)
"""Numbers of the history events after which the host dies; a submission and a build have at most about 900 on disk."""
PHASES = (SUBMISSION, *(phase.value for phase in Phase if phase is not Phase.OPTIMIZE))
TEMPLATE: dict[str, Any] = {**BODY, "properties": {**BODY["properties"], "autoRun": {"state": "Enabled"}}}
STAGED = ["networksecuritygroups", "resourcegroups", "storageaccounts", "virtualnetworks", "virtualnetworks/subnets"]
CUSTOMIZERS = {"hello": "echo hello", "motd": "/etc/motd"}
LOST = "cannot follow it any more"
"""The local Azure's word for a script that was running when it was killed."""
SECONDS = 240


class ProcessBench:
    """Builds in real processes; each case has an Azure and hosts of its own, and an empty state."""

    notes: Sequence[str] = (
        "A script that runs when the local Azure is killed is lost with it: such a build may fail, cleanly.",
    )

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._checked = 0

    def cases(self) -> Sequence[Case]:
        """Return the deaths of the host, then those of Azurite and the local Azure in each phase."""
        return [
            *(
                Case(f"{who}-{phase.replace(' ', '-')}", phase, who)
                for phase in PHASES
                for who in ("azurite", "azure", "host")
            ),
            *(Case(f"host-{number:03}", ANYWHERE, "host, once") for number in POINTS),
        ]

    def check(self, case: Case) -> Sequence[str]:
        """Build, and let the process die."""
        self._checked += 1
        with running(self._ground, self._ground.folder / f"case{self._checked}") as (services, app):
            app.submit(NAME, TEMPLATE)
            match case.column:
                case "host":
                    _kill_again_and_again(app, case.row)
                case "azure" | "azurite" as service:
                    _wait_for(app, case.row)
                    (services.kill_azure if service == "azure" else self._ground.restart_azurite)()
                case _:
                    _die_after(app, int(case.id.rpartition("-")[2]))
                    app.start()
            run = until(lambda: _ended(app), within=SECONDS)
            return _wrong(services, app, run, may_fail=case.column == "azure")


def _kill_again_and_again(app: MortalApp, phase: str) -> None:
    """Kill the host once the phase has begun, and after each new event as long as it lasts."""
    _wait_for(app, phase)
    app.kill()
    while _phase(app) == phase and app.unfinished():
        seen = app.events()  # no events are added now
        app.start()
        _die_after(app, seen + 1)
    app.start()


def _die_after(app: MortalApp, events: int) -> None:
    until(lambda: app.events() >= events or app.unfinished() == 0, within=SECONDS, longest=SHORTEST)
    app.kill()


def _wait_for(app: MortalApp, phase: str) -> None:
    """Wait until the build has come to a phase; one that takes no time may be over by then."""
    until(lambda: PHASES.index(_phase(app)) >= PHASES.index(phase), within=SECONDS, longest=SHORTEST)


def _phase(app: MortalApp) -> str:
    """Return the phase that the build has come to."""
    return app.phase() or SUBMISSION


def _runs(app: MortalApp) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = app.call("GET", f"{NAME}/runs").json()["value"]
    return found


def _ended(app: MortalApp) -> dict[str, Any] | None:
    return next((run for run in _runs(app) if run["properties"]["runState"] not in {"Running", "Canceling"}), None)


def _wrong(services: Services, app: MortalApp, run: dict[str, Any], *, may_fail: bool) -> list[str]:
    """Return the differences from a build that nothing disturbed."""
    state = run["properties"]["runState"]
    lost = may_fail and state == "Failed" and LOST in str(run["properties"])
    found = [] if state == "Succeeded" or lost else [f"the run is {state}: {run['properties']}"]
    versions = [id_ for id_ in resources(app.azure, group="rg-images") if "/images/base/versions/" in id_]
    if len(versions) != (0 if lost else 1):
        found.append(f"there are {len(versions)} image versions")
    if (runs := len(_runs(app))) != 1:
        found.append(f"there are {runs} runs")
    if (left := kinds(resources(app.azure, group=f"_{NAME}_"))) != STAGED:
        found.append(f"this is left: {left}")
    return found if lost else [*found, *_repeated(services), *_untold(app, run["name"])]


def _repeated(services: Services) -> list[str]:
    """Return the customizers that did not run exactly once in the image's machine, as the image itself has it."""
    images = list((services.options.data / "azure" / "images").glob("*.img"))
    ran = [
        (name, sum(text in run.script for run in read_disk(image)))
        for image in images
        for name, text in CUSTOMIZERS.items()
    ]
    return [f"{name} ran {times} times" for name, times in ran if times != 1] if images else ["there is no image"]


def _untold(app: MortalApp, run_id: str) -> list[str]:
    """Wait for the run's last event, which a dead host's claim may hold back; return missing or misplaced events."""

    def told() -> list[dict[str, Any]]:
        url = f"{app.address}/subscriptions/{SUBSCRIPTION}/providers/{PROVIDER}/events"
        trust = app.azure.azurite.certificates.client_context()
        answer = httpx.get(url, params=API, headers=bearer(app.azure), verify=trust, timeout=60)
        events = [event for event in answer.raise_for_status().json()["value"] if event["subject"] == run_id]
        return list({event["id"]: event for event in events}.values())

    until(lambda: any(event["type"] == "Kiln.Build.Succeeded" for event in told()), within=SECONDS)
    places = [event["sequence"] for event in told()]
    return [] if places == [f"{at:06}" for at in range(1, len(places) + 1)] else [f"events came as {places}"]


@dataclass(frozen=True)
class _Matrix:
    name: str = "kill-9"
    title: str = "a process dies under a build in real time"
    every: int = 40
    case_seconds: float = 900.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[ProcessBench]:
        """Start what serves all cases."""
        with ground(folder) as found:
            yield ProcessBench(found)


MATRIX = _Matrix()
