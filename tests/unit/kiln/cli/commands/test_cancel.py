from __future__ import annotations

from tests.unit.kiln.cli import scenes
from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import RUN_ID, FakeKiln


def kiln(*states: dict[str, object] | Exception) -> FakeKiln:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    return FakeKiln(templates={"hello": template}, runs={RUN_ID: list(states)} if states else {})


def test_cancel_asks_and_waits_for_the_run_to_end() -> None:
    fake = kiln(*scenes.canceled())

    result = run("cancel", "hello", kiln=fake)

    assert "POST hello/cancel" in fake.calls
    assert "Canceled after" in result.output
    assert result.exit_code == 0


def test_cancel_that_came_too_late_is_not_a_success() -> None:
    result = run("cancel", "hello", kiln=kiln(scenes.running("clean up"), scenes.succeeded()[-1]))

    assert result.exit_code == 1
    assert "Succeeded in" in result.output


def test_cancel_without_waiting_returns_at_once() -> None:
    fake = kiln(scenes.running("customize"))

    result = run("cancel", "hello", "--no-wait", kiln=fake)

    assert result.exit_code == 0
    assert fake.calls[-1] == "POST hello/cancel"


def test_cancel_without_a_run_under_way_asks_nothing() -> None:
    fake = kiln(scenes.succeeded()[-1])

    result = run("cancel", "hello", kiln=fake)

    assert result.exit_code == 1
    assert "No run of hello is under way." in result.stderr
    assert "POST hello/cancel" not in fake.calls


def test_delete_deletes() -> None:
    fake = kiln()

    result = run("delete", "hello", kiln=fake)

    assert result.exit_code == 0
    assert fake.templates == {}
    assert result.stdout.endswith("Deleted hello.\n")


def test_delete_of_what_is_not_there_is_an_error() -> None:
    result = run("delete", "other", "--yes", kiln=kiln())

    assert result.exit_code == 1
    assert "ResourceNotFound" in result.stderr


def test_printed_commands_carry_the_options_that_were_typed() -> None:
    fake = kiln(scenes.failed()[-1])

    result = run("show", "hello", "--scope", "a b", kiln=fake)

    assert f"kiln logs hello --run {RUN_ID} --scope 'a b'" in result.stdout
