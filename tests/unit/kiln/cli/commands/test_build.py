from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from kiln.template.arm_template import TYPE
from tests.unit.kiln.cli import scenes
from tests.unit.kiln.cli.command_line import EXAMPLE, Clock, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import RETRY_ID, RUN_ID, FakeKiln, refusal


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

    writes = [call for call in kiln.calls if not call.startswith("GET")]
    assert writes == ["PUT other", "POST other/run"]
    body = kiln.sent[kiln.calls.index("PUT other")].body
    assert isinstance(body, str | bytes)
    assert json.loads(body) == json.loads(Path(EXAMPLE).read_text(encoding="utf-8"))


def test_a_resource_of_an_arm_template_is_sent_for_its_own_api_version_without_its_envelope(
    tmp_path: Path,
) -> None:
    body = json.loads(Path(EXAMPLE).read_text(encoding="utf-8"))
    resource = {"type": TYPE, "name": "web", "apiVersion": "2024-02-01", "dependsOn": ["gallery"], **body}
    file = tmp_path / "main.json"
    file.write_text(json.dumps({"resources": [resource]}), encoding="utf-8")
    kiln = FakeKiln(states=scenes.succeeded())

    result = run("build", str(file), kiln=kiln)

    assert "resources[0].dependsOn: is ignored: Kiln deploys nothing else" in " ".join(result.output.split())
    put = kiln.sent[kiln.calls.index("PUT web")]
    assert isinstance(put.body, str | bytes)
    assert json.loads(put.body) == body
    assert "api-version=2024-02-01" in str(put.url)


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
    body["locaton"] = body.pop("location")
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
    kiln.overrides["GET hello-linux/runs"] = requests.exceptions.ConnectionError(refused)

    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 5
    assert_screen("connection-refused", result.output)


WRONG = {
    "provisioningErrorCode": "BadPIRSource",
    "message": "There is no image Debian debian-13 13-gen2 in westeurope. Its SKUs are 12, 12-gen2.",
}


def test_build_waits_for_the_submission_and_shows_it() -> None:
    going = {"provisioningState": "Creating"}
    kiln = FakeKiln(states=scenes.succeeded(), submission=[going, going, going, {"provisioningState": "Succeeded"}])
    clock = Clock()

    result = run("build", EXAMPLE, kiln=kiln, clock=clock)

    assert result.exit_code == 0
    assert result.output.splitlines()[:3] == [
        "Submitting hello-linux",
        "    0.0 s  submit      started",
        "    1.9 s  submit      succeeded after 1.9 s",
    ]
    assert "POST hello-linux/run" in kiln.calls


def test_a_submission_that_fails_is_told_in_its_own_words_and_nothing_runs() -> None:
    failed = {"provisioningState": "Failed", "provisioningError": WRONG}
    kiln = FakeKiln(submission=[{"provisioningState": "Creating"}, failed])

    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 1
    assert "POST hello-linux/run" not in kiln.calls
    assert_screen("build-refused", result.output)


def test_ctrl_c_while_it_is_submitted_says_that_nothing_runs() -> None:
    kiln = FakeKiln(submission=[{"provisioningState": "Creating"}])

    result = run("build", EXAMPLE, kiln=kiln, clock=Clock(interrupt_after=2))

    assert result.exit_code == 130
    assert "The submission continues without this command; no run was started." in result.stderr


def test_a_connection_lost_while_it_is_submitted_is_borne() -> None:
    lost = requests.exceptions.ConnectionError(ConnectionRefusedError(111, "Connection refused"))
    going: list[Any] = [{"provisioningState": "Creating"}, lost, {"provisioningState": "Succeeded"}]
    kiln = FakeKiln(states=scenes.succeeded(), submission=going)

    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 0
    assert "the connection was refused. Trying again in 1.0 s." in result.output


def test_the_run_that_autorun_started_is_followed_and_no_other_is_asked_for() -> None:
    class Automatic(FakeKiln):
        def _template(self, name: str) -> dict[str, Any]:
            shown = super()._template(name)
            self.runs.setdefault(RUN_ID, list(self.states))
            return shown

    kiln = Automatic(states=scenes.succeeded())
    result = run("build", EXAMPLE, kiln=kiln)

    assert result.exit_code == 0
    assert "POST hello-linux/run" not in kiln.calls


def test_a_failed_validation_shows_its_phases_and_what_was_kept() -> None:
    result = run("build", EXAMPLE, kiln=FakeKiln(states=scenes.invalid()))

    assert result.exit_code == 1
    assert_screen("build-invalid-image", result.output)


def test_retry_goes_on_from_the_latest_run_or_the_one_that_is_named() -> None:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    for arguments in ((), ("--run", RUN_ID)):
        kiln = FakeKiln(templates={"hello": template}, runs={RUN_ID: [scenes.failed()[-1]]}, states=scenes.succeeded())
        result = run("retry", "hello", *arguments, kiln=kiln)
        assert result.exit_code == 0
        assert f"POST hello/runs/{RUN_ID}/retry" in kiln.calls
        assert f"run {RETRY_ID}" in result.output


def test_the_latest_run_is_the_one_that_kiln_lists_first_whatever_its_id() -> None:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    first, second = f"{RUN_ID[:15]}-ffffffff", f"{RUN_ID[:15]}-00000000"
    earlier = {first: [scenes.failed()[-1]], second: [scenes.failed()[-1]]}
    kiln = FakeKiln(templates={"hello": template}, runs=earlier, states=scenes.succeeded())

    run("retry", "hello", kiln=kiln)

    assert f"POST hello/runs/{second}/retry" in kiln.calls


def test_retry_of_what_never_ran_says_so() -> None:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    result = run("retry", "hello", kiln=FakeKiln(templates={"hello": template}))

    assert result.exit_code == 1
    assert "hello has never been run." in result.stderr
