"""Loading of function apps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devkit.host.app import AppError, load_app
from devkit.host.settings import HostSettings
from devkit.host.versioning import FailureStrategy, MatchStrategy, Versioning
from tests.unit.devkit.host.serving import SAMPLE_APP

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import azure.durable_functions as df
import azure.functions as func
app = df.DFApp()
"""


def write(folder: Path, code: str, host_json: str = "{}") -> Path:
    (folder / "function_app.py").write_text(HEAD + code)
    (folder / "host.json").write_text(host_json)
    return folder


def test_the_functions_of_an_app_are_sorted_by_trigger() -> None:
    app = load_app(SAMPLE_APP)
    assert {item.name for item in app.http} >= {"things", "start", "broken"}
    assert {"chain", "parent"} <= set(app.orchestrators)
    assert {"square", "flaky"} <= set(app.activities)
    (start,) = [item for item in app.http if item.name == "start"]
    assert list(start.clients) == ["client"]
    assert start.wants_context
    assert app.settings == HostSettings(route_prefix="", hub_name="SampleHub", max_activities=4)


def test_event_grid_and_timer_functions_are_found_by_name(tmp_path: Path) -> None:
    app = load_app(
        write(
            tmp_path,
            "@app.event_grid_trigger(arg_name='e')\ndef seen(e): ...\n"
            "@app.timer_trigger(schedule='0 * * * * *', arg_name='t')\ndef tick(t): ...\n",
        )
    )
    assert (list(app.event_grid), list(app.timers)) == (["seen"], ["tick"])


def test_durable_functions_go_by_their_given_names(tmp_path: Path) -> None:
    app = load_app(
        write(tmp_path, "@app.activity_trigger(input_name='x', activity='given')\ndef python_name(x): return x\n")
    )
    assert list(app.activities) == ["given"]


def test_without_host_json_the_defaults_hold(tmp_path: Path) -> None:
    (write(tmp_path, "") / "host.json").unlink()
    assert load_app(tmp_path).settings == HostSettings(route_prefix="api")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "@app.event_grid_trigger(arg_name='e', cardinality='many')\ndef seen(e): ...",
            "function 'seen' wants many events a call",
        ),
        (
            "@app.timer_trigger(schedule='now and then', arg_name='t')\ndef tick(t): ...",
            "function 'tick': 'now and then' is neither an NCRONTAB expression of six fields nor an interval",
        ),
        (
            (
                "@app.timer_trigger(schedule='1:00:00', arg_name='t')\n"
                "@app.retry(strategy='fixed_delay', max_retry_count='3', delay_interval='00:00:05')\ndef tick(t): ..."
            ),
            "function 'tick' has a retry policy (@retry)",
        ),
        (
            "@app.queue_trigger(arg_name='m', queue_name='q', connection='c')\ndef job(m): ...",
            "function 'job' has a queueTrigger",
        ),
        (
            "@app.entity_trigger(context_name='context')\ndef counter(context): ...",
            "function 'counter' is a durable entity",
        ),
        (
            "@app.route(route='x')\n@app.queue_output(arg_name='q', queue_name='j', connection='')\ndef f(req, q): ...",
            "function 'f' has a binding 'q' of type queue (output)",
        ),
        (
            "@app.route(route='x')\n@app.durable_client_input(client_name='client')\ndef f(req, client): ...",
            "function 'f' has a durable client and must be 'async def'",
        ),
        (
            (
                "@app.activity_trigger(input_name='x', activity='same')\ndef a(x): ...\n"
                "@app.activity_trigger(input_name='x', activity='Same')\ndef b(x): ..."
            ),
            "two functions are called 'Same'",
        ),
        ("@app.route(route='x')\n@app.function_name('host')\ndef f(req): ...", "'host' is no function name"),
        ("@app.route(route='x')\n@app.function_name('_f')\ndef f(req): ...", "'_f' is no function name"),
        (
            (
                "@app.route(route='x')\ndef same(req): ...\n"
                "@app.timer_trigger(schedule='1:00:00', arg_name='t')\ndef Same(t): ..."
            ),
            "two functions are called 'Same' but for case: names of functions are case-insensitive",
        ),
        ("other = func.FunctionApp()", "must define one FunctionApp, found 2"),
    ],
)
def test_what_is_not_served_is_refused_with_the_functions_name(tmp_path: Path, code: str, reason: str) -> None:
    with pytest.raises(AppError) as caught:
        load_app(write(tmp_path, code))
    assert reason in str(caught.value)


def test_versions_are_read_without_regard_to_case_and_an_unknown_strategy_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "")
    settings = {"defaultVersion": "3", "versionMatchStrategy": "strict", "versionFailureStrategy": "FAIL"}
    (tmp_path / "host.json").write_text(json.dumps({"extensions": {"durableTask": settings}}))
    assert load_app(tmp_path).settings.versioning == Versioning("3", MatchStrategy.STRICT, FailureStrategy.FAIL)
    (tmp_path / "host.json").write_text('{"extensions": {"durableTask": {"versionMatchStrategy": "Newer"}}}')
    with pytest.raises(AppError, match=r"versionMatchStrategy is 'Newer'; it can be None, Strict, CurrentOrOlder"):
        load_app(tmp_path)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (None, timedelta(minutes=30)),
        ("00:05:00", timedelta(minutes=5)),
        ("1.00:00:01", timedelta(days=1, seconds=1)),
        ("-1", None),
    ],
)
def test_the_function_timeout_is_read(tmp_path: Path, given: str | None, taken: timedelta | None) -> None:
    write(tmp_path, "", json.dumps({"functionTimeout": given}))
    assert load_app(tmp_path).settings.function_timeout == taken


@pytest.mark.parametrize("given", ["00:00:00", "half an hour", 5])
def test_a_function_timeout_that_the_host_does_not_take_is_refused(tmp_path: Path, given: object) -> None:
    with pytest.raises(AppError, match="functionTimeout is"):
        load_app(write(tmp_path, "", json.dumps({"functionTimeout": given})))


def test_a_folder_without_an_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"no function_app\.py"):
        load_app(tmp_path)


def test_a_broken_host_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"host\.json is not JSON"):
        load_app(write(tmp_path, "", host_json="{"))
