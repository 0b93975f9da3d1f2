"""`make demo-events`: a new marketplace version becomes a new base image, and that a new image of the app on it.

It does what a user does, with the `kiln` command and the REST API alone; it must not reach into any part.
"""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from devkit.local.demo import DemoFailed, environment_for, failures_told, kiln_command, local_kiln, step
from devkit.local.options import REPOSITORY, GuestKind
from kiln.cli.events import EventView
from kiln.cli.screens.console import stdout
from kiln.cli.screens.events import event_line

_IMAGE = "Debian:debian-12:12-gen2"
_FOLDER = REPOSITORY / "examples" / "events"
_TEMPLATES = ("base", "app")
_SECONDS = {GuestKind.SCRIPTED: 180, GuestKind.QEMU: 1800}
_SUCCEEDED = "Kiln.Build.Succeeded"
_ENDED_OTHERWISE = {"Kiln.Build.Failed", "Kiln.Build.Canceled", "Kiln.Build.PartiallySucceeded"}


def demo_events(
    *,
    data: Annotated[Path, typer.Option(help="The folder for all state and logs.")] = REPOSITORY / ".kiln/demo-events",
    guests: Annotated[
        GuestKind, typer.Option(help="Virtual machines: real ones, or scripted ones that only pretend.")
    ] = GuestKind.SCRIPTED,
) -> None:
    """Publish a marketplace version on this machine, and show how it becomes images."""
    data = data.absolute()
    with failures_told(data), local_kiln(data, guests) as endpoints:
        _run(data, guests, environment_for(endpoints))


def _run(data: Path, guests: GuestKind, environment: dict[str, str]) -> None:
    """Build both images once, let their templates follow their sources, and publish what starts the chain."""
    for name in [name for name in _TEMPLATES if not _is_there(name, environment)]:
        body, follow = str(_FOLDER / f"{name}.json"), str(_FOLDER / "follow.trigger.json")
        step("Build once", *kiln_command("build", body, "--name", name), environment=environment)
        step("Follow", *kiln_command("trigger", "put", name, "follow", follow), environment=environment)
    version = f"12.{datetime.now(UTC):%Y%m%d.%H%M%S}"
    started = datetime.now(UTC)
    with _events(environment) as events:
        local = ("--data", str(data))
        step("Publish", *kiln_command("local", "publish-version", _IMAGE, version, *local), environment=environment)
        # On Azure a timer does this every 15 minutes.
        step("Look now", *kiln_command("local", "watch", *local), environment=environment)
        began = time.monotonic()
        seen = _until_built(events, started, _SECONDS[guests])
    step("The graph", *kiln_command("graph"), environment=environment)
    typer.echo(f"\n{_summary(seen, version, time.monotonic() - began)}")


def _is_there(name: str, environment: dict[str, str]) -> bool:
    """Whether an earlier demo on this data left the template."""
    shown = subprocess.run(kiln_command("show", name), env=environment, check=False, capture_output=True)
    return shown.returncode == 0


@contextmanager
def _events(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run `kiln events tail` for the block: from the oldest event on, so that it cannot begin too late."""
    command = kiln_command("events", "tail", "--all", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as tail:
        try:
            yield tail
        finally:
            tail.terminate()


def _until_built(tail: "subprocess.Popen[str]", since: datetime, seconds: float) -> list[EventView]:
    """Show each event from a time on, until both templates were built again; return all. Raises DemoFailed."""
    seen: list[EventView] = []
    waiting = set(_TEMPLATES)
    too_late = signal.signal(signal.SIGALRM, _too_late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        for line in tail.stdout or ():
            event = EventView.model_validate(json.loads(line))
            if event.time < since:
                continue
            seen.append(event)
            stdout().print(event_line(event))
            if event.type in _ENDED_OTHERWISE:
                raise DemoFailed(f"the build of {_name(event)} did not succeed")
            if event.type == _SUCCEEDED:
                waiting.discard(_name(event))
            if not waiting:
                return seen
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, too_late)
    raise DemoFailed(f"`kiln events tail` ended with exit code {tail.wait()}")


def _too_late(*_: object) -> None:
    raise DemoFailed("the images were not built in time")


def _name(event: EventView) -> str:
    return event.source.rpartition("/")[2]


def _summary(seen: list[EventView], version: str, seconds: float) -> str:
    made = [event for event in seen if event.type == "Kiln.Image.Published"]
    images = [f"{_name(event):<17}{event.data['output']['artifactId']}" for event in made]
    return "\n".join(
        (
            f"Published        {_IMAGE} {version}",
            *images,
            "",
            f"1 version published, {len(made)} images built and announced in {seconds:.0f} s, {len(seen)} events.",
        )
    )


if __name__ == "__main__":
    typer.run(demo_events)
