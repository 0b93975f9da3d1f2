from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.unit.kiln.cli import scenes
from tests.unit.kiln.cli.command_line import Clock, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import RUN_ID, Answer, FakeKiln, refusal

LINES = b"[release] Installing \xc3\xa9t\xc3\xa9 ...\n" + b"x" * 100 + "ö\n".encode()

if TYPE_CHECKING:
    import pytest


def kiln_with_runs() -> FakeKiln:
    template = {
        "name": "hello",
        "location": "westeurope",
        "properties": {
            "exactStagingResourceGroup": "/subscriptions/s/resourceGroups/IT_x",
            "lastRunStatus": {"runState": "Succeeded", "startTime": scenes.at(0), "endTime": scenes.at(66)},
        },
    }
    never = {"name": "base", "location": "northeurope", "properties": {}}
    kiln = FakeKiln(templates={"hello": template, "base": never})
    kiln.runs = {"20260715-090000-ffffffff": [scenes.failed()[-1]], RUN_ID: [scenes.succeeded()[-1]]}
    return kiln


def test_show_has_the_template_and_the_run_that_is_listed_first() -> None:
    result = run("show", "hello", kiln=kiln_with_runs())

    assert result.exit_code == 0
    assert_screen("show", result.output)


def test_show_of_a_failed_run_marks_the_phases_that_were_never_reached() -> None:
    kiln = kiln_with_runs()
    del kiln.runs[RUN_ID]

    result = run("show", "hello", kiln=kiln)

    assert_screen("show-failed", result.output)


def test_show_of_a_template_that_never_ran_says_so() -> None:
    kiln = kiln_with_runs()
    kiln.runs.clear()

    assert "It has never been run." in run("show", "base", kiln=kiln).output


def test_show_json_has_the_resources_as_sent() -> None:
    result = run("show", "hello", "--json", kiln=kiln_with_runs())

    shown = json.loads(result.stdout)
    assert shown["template"]["properties"]["exactStagingResourceGroup"].endswith("IT_x")
    assert shown["run"]["properties"]["runState"] == "Succeeded"


def test_show_of_a_template_that_is_not_there_shows_the_error() -> None:
    result = run("show", "nothing", kiln=FakeKiln())

    assert result.exit_code == 1
    assert "ResourceNotFound: There is no image template nothing." in result.stderr


def test_an_answer_without_an_azure_error_says_that_this_is_probably_not_kiln(caplog: pytest.LogCaptureFixture) -> None:
    kiln = FakeKiln(overrides={"GET x": Answer(404, b"<html>")})

    result = run("show", "x", kiln=kiln)

    assert "refused the call with status 404" in result.stderr
    assert "probably not Kiln's API" in result.stderr
    assert caplog.text == ""  # without a handler, Python prints it


def test_over_https_the_given_token_is_sent() -> None:
    kiln = kiln_with_runs()

    run("list", "--endpoint", "https://kiln.example", kiln=kiln, environment={"KILN_TOKEN": "t0ken"})

    assert kiln.sent[0].headers["Authorization"] == "Bearer t0ken"


def test_list_has_one_line_for_each_template() -> None:
    result = run("list", kiln=kiln_with_runs())

    assert_screen("list", result.output)


def test_an_empty_list_names_the_resource_group() -> None:
    assert "No templates in rg-images." in run("list", kiln=FakeKiln()).output


def test_logs_print_the_latest_run_whole_with_characters_that_span_answers() -> None:
    kiln = kiln_with_runs()
    kiln.log = LINES

    result = run("logs", "hello", kiln=kiln)

    assert result.stdout == LINES.decode()
    assert f"GET hello/runs/{RUN_ID}/log" in kiln.calls


def test_logs_of_a_named_run_ask_for_that_run() -> None:
    kiln = kiln_with_runs()

    run("logs", "hello", "--run", "20260715-090000-ffffffff", kiln=kiln)

    assert kiln.calls == ["GET hello/runs/20260715-090000-ffffffff/log"]


def test_a_log_that_is_refused_shows_the_error() -> None:
    kiln = kiln_with_runs()
    kiln.overrides["GET hello/runs/1/log"] = refusal(404, "ResourceNotFound", "There is no run 1.")

    result = run("logs", "hello", "--run", "1", kiln=kiln)

    assert result.exit_code == 1
    assert "ResourceNotFound: There is no run 1." in result.stderr


def test_following_a_log_waits_while_the_run_goes_on() -> None:
    kiln = kiln_with_runs()
    kiln.log, kiln.log_state = b"one line\n", "Running"

    result = run("logs", "hello", "-f", kiln=kiln, clock=Clock(interrupt_after=3))

    assert result.exit_code == 130
    assert result.stdout == "one line\n"


def test_logs_of_a_template_that_never_ran_say_so() -> None:
    kiln = kiln_with_runs()
    kiln.runs.clear()

    result = run("logs", "base", kiln=kiln)

    assert result.exit_code == 1
    assert "base has never been run" in result.stderr


def test_logs_print_what_the_validators_said_when_asked() -> None:
    kiln = kiln_with_runs()
    kiln.log, kiln.validation_log = b"customizers\n", b"validators\n"

    assert run("logs", "hello", "--validation", kiln=kiln).stdout == "validators\n"
    assert run("logs", "hello", kiln=kiln).stdout == "customizers\n"


def test_show_tells_why_a_submission_failed_and_what_a_run_kept() -> None:
    kiln = kiln_with_runs()
    error = {"provisioningErrorCode": "BadStagingResourceGroup", "message": "The group rg-mine is not empty."}
    kiln.submission = [{"provisioningState": "Failed", "provisioningError": error}]
    kiln.runs = {RUN_ID: [{**scenes.invalid()[-1], "retryOf": "20260715-090000-ffffffff"}]}  # type: ignore[dict-item]  # no exception

    assert_screen("show-refused", run("show", "hello", kiln=kiln).output)
