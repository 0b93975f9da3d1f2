from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.kiln.cli import scenes
from tests.unit.kiln.cli.command_line import EXAMPLE, Clock, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln, refusal


@pytest.mark.parametrize(
    ("scene", "states", "code"),
    [
        ("build-succeeded", scenes.succeeded(), 0),
        ("build-failed", scenes.failed(), 1),
        ("build-partial", scenes.partial(), 3),
        ("build-canceled", scenes.canceled(), 4),
    ],
)
def test_build_shows_each_change_and_exits_with_what_the_run_came_to(
    scene: str, states: list[dict[str, Any] | Exception], code: int
) -> None:
    result = run("build", EXAMPLE, kiln=FakeKiln(states=states))

    assert_screen(scene, result.output)
    assert result.exit_code == code


def test_build_submits_the_file_as_written_then_runs_it() -> None:
    kiln = FakeKiln(states=scenes.succeeded())

    run("build", EXAMPLE, "--name", "other", kiln=kiln)

    assert kiln.calls[0] == "PUT other"
    assert "POST other/run" in kiln.calls
    body = kiln.sent[0].body
    assert isinstance(body, str | bytes)
    assert json.loads(body) == json.loads(Path(EXAMPLE).read_text(encoding="utf-8"))


def test_ctrl_c_says_that_the_build_goes_on() -> None:
    result = run("build", EXAMPLE, kiln=FakeKiln(states=scenes.succeeded()), clock=Clock(interrupt_after=2))

    assert result.exit_code == 130
    assert_screen("build-interrupted", result.output)


def test_lost_connections_are_said_and_retried_with_back_off() -> None:
    clock = Clock()
    lost = requests.exceptions.ConnectionError(ConnectionRefusedError(111, "Connection refused"))
    first, *rest = scenes.succeeded()

    result = run("build", EXAMPLE, kiln=FakeKiln(states=[first, lost, lost, lost, *rest]), clock=clock)

    assert result.exit_code == 0
    assert clock.naps[1:4] == [1.0, 2.0, 4.0]
    assert_screen("build-connection-lost", result.output)


def test_every_problem_of_the_file_is_listed_and_nothing_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    body = json.loads(Path(EXAMPLE).read_text(encoding="utf-8"))
    body["properties"]["customize"][0]["inline"] = "echo"
    body["properties"]["distribute"] = []
    body["Location"] = body.pop("location")
    file.write_text(json.dumps(body), encoding="utf-8")
    kiln = FakeKiln()

    result = run("build", str(file), kiln=kiln)

    assert result.exit_code == 2
    assert kiln.calls == []
    assert_screen("build-invalid", result.output.replace(str(tmp_path), "."))


def test_a_file_that_is_not_json_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{\n  "location": }', encoding="utf-8")

    result = run("build", str(file), kiln=FakeKiln())

    assert result.exit_code == 2
    assert f"{file}:2:15: not JSON" in result.output


def test_a_name_that_the_api_would_not_take_is_refused() -> None:
    result = run("build", EXAMPLE, "--name", "a b", kiln=FakeKiln())

    assert result.exit_code == 2
    assert "'a b' cannot be a template's name" in result.output


def test_an_api_error_is_shown_as_a_tree() -> None:
    details = [
        {"code": "InvalidProperty", "message": "properties.source: is not known here", "target": "properties.source"}
    ]
    kiln = FakeKiln()
    kiln.overrides["PUT hello-linux"] = refusal(
        400, "ValidationFailed", "The image template has 1 problem.", target="properties.source", details=details
    )

    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 1
    assert_screen("api-error", result.output)


def test_a_run_that_is_under_way_names_the_commands_that_look_at_it_and_end_it() -> None:
    kiln = FakeKiln(states=scenes.succeeded())
    kiln.overrides["POST hello-linux/run"] = refusal(409, "Conflict", "Run 1 of hello-linux is Running.")

    result = run("build", EXAMPLE, "--scope", "s", kiln=kiln)

    assert result.exit_code == 1
    assert "end it with `kiln cancel hello-linux --scope s`" in result.stderr


def test_nobody_at_the_endpoint_names_it_and_how_to_start_one() -> None:
    kiln = FakeKiln()
    refused = ConnectionRefusedError(111, "Connection refused")
    kiln.overrides["PUT hello-linux"] = requests.exceptions.ConnectionError(refused)

    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 5
    assert_screen("connection-refused", result.output)
