"""The command line under test, with a clock that moves only when somebody sleeps, and its screens on record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from azure.core.pipeline.transport import RequestsTransport
from typer.testing import CliRunner, Result

from kiln.cli.environment import Environment
from kiln.cli.main import app
from tests.golden import assert_golden
from tests.unit.kiln.cli import fake_arm, scenes

if TYPE_CHECKING:
    import httpx

    from tests.unit.kiln.cli.fake_arm import FakeArm
    from tests.unit.kiln.cli.fake_kiln import FakeKiln

ROOT = Path(__file__).parents[4]
EXAMPLE = str(ROOT / "examples" / "hello-linux.json")


@dataclass
class Clock:
    time: datetime = scenes.START
    naps: list[float] = field(default_factory=list)
    interrupt_after: int | None = None

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += timedelta(seconds=seconds)
        if self.interrupt_after is not None and len(self.naps) >= self.interrupt_after:
            raise KeyboardInterrupt


def faked(
    kiln: FakeKiln,
    clock: Clock | None = None,
    blobs: httpx.BaseTransport | None = None,
    arm: FakeArm | None = None,
) -> Environment:
    clock, session = clock or Clock(), kiln.session()
    if arm is not None:
        for scheme in ("https", "http"):
            session.mount(fake_arm.ENDPOINT.replace("https", scheme), arm)
    transport = RequestsTransport(session=session, session_owner=False)
    return Environment(now=clock.now, sleep=clock.sleep, api_transport=transport, blob_transport=blobs)


def run(
    *arguments: str,
    kiln: FakeKiln,
    clock: Clock | None = None,
    blobs: httpx.BaseTransport | None = None,
    environment: dict[str, str] | None = None,
    arm: FakeArm | None = None,
) -> Result:
    """Run `kiln` with `arguments` against the fake API, with a token unless the environment says otherwise."""
    unset = ("KILN_ENDPOINT", "KILN_SCOPE", "KILN_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "FORCE_COLOR")
    given: dict[str, str | None] = {**dict.fromkeys(unset), "KILN_TOKEN": "a-token", **(environment or {})}
    return CliRunner().invoke(
        app, list(arguments), obj=faked(kiln, clock, blobs, arm), env=given, catch_exceptions=False
    )


def assert_screen(name: str, text: str) -> None:
    """Compare a screen with its golden file."""
    assert_golden(f"cli/{name}.txt", text.replace(str(ROOT), "."))
