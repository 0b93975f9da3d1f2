from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.kiln.cli.command_line import ROOT, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret-" + "x" * 32


def kiln() -> FakeKiln:
    return FakeKiln(templates={"base": {"name": "base", "location": "westeurope", "properties": {}}})


def sent(fake: FakeKiln) -> Any:
    body = fake.sent[-1].body
    assert isinstance(body, str | bytes)
    return json.loads(body)


def test_without_a_file_a_trigger_follows_the_source() -> None:
    fake = kiln()
    result = run("trigger", "put", "base", "follow", kiln=fake)
    assert result.stdout == "follow of base: Trigger is active.\n"
    assert fake.calls == ["PUT base/triggers/follow"]
    assert sent(fake) == {"properties": {"kind": "SourceImage"}}


def test_triggers_are_listed_shown_and_deleted() -> None:
    fake = kiln()
    assert run("trigger", "list", "base", kiln=fake).stdout == "No triggers of base.\n"
    run("trigger", "put", "base", "nightly", str(ROOT / "examples/events/nightly.trigger.json"), kiln=fake)
    fake.triggers["nightly"]["properties"]["status"]["nextTimes"] = ["2026-11-23T02:00:00Z"]
    listed = run("trigger", "list", "base", kiln=fake).stdout.splitlines()[1]
    assert listed.split()[:4] == ["nightly", "Schedule", "Healthy", "2026-11-23T02:00:00Z"]
    assert "timeZone=Europe/Berlin" in listed
    shown = run("trigger", "show", "base", "nightly", kiln=fake)
    assert json.loads(shown.stdout)["properties"]["schedule"] == "0 3 * * MON-FRI"
    assert run("trigger", "delete", "base", "nightly", kiln=fake).stdout == "Deleted nightly of base.\n"
    gone = run("trigger", "delete", "base", "nightly", kiln=fake)
    assert (gone.exit_code, "There is no trigger nightly" in gone.stderr) == (1, True)


def test_a_secret_may_come_from_the_environment_and_is_not_printed() -> None:
    fake = kiln()
    file = str(ROOT / "examples/events/hook.trigger.json")
    result = run("trigger", "put", "base", "hook", file, kiln=fake, environment={"KILN_TRIGGER_SECRET": SECRET})
    assert sent(fake)["properties"]["secret"] == SECRET
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"properties": {"kind": "Schedule", "schedule": "x", "coolDown": 5}}', "properties.coolDown: expected"),
    ],
)
def test_a_wrong_file_is_told_and_nothing_is_sent(tmp_path: Path, text: str, said: str) -> None:
    fake, file = kiln(), tmp_path / "t.json"
    file.write_text(text)
    result = run("trigger", "put", "base", "t", str(file), kiln=fake)
    assert (result.exit_code, said in result.stderr, fake.calls) == (2, True, [])
