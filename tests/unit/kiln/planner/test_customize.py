from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiln.planner.steps import RestartSpec, Step, StepSpec, UpdateSpec
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts


def steps(*customizers: dict[str, Any], source: SourceFacts = samples.WINDOWS) -> tuple[Step, ...]:
    return samples.plan(source, customize=list(customizers)).steps


def script(customizer: dict[str, Any], source: SourceFacts = samples.WINDOWS) -> StepSpec:
    (step,) = steps(customizer, source=source)
    assert isinstance(step, StepSpec)
    return step


def text(customizer: dict[str, Any], source: SourceFacts = samples.WINDOWS, *, part: str = "") -> str:
    """Return the script of a customizer's step, or of a part of it."""
    return samples.plan(source, customize=[customizer]).scripts[f"customize-00{part}"]


def restart(customizer: dict[str, Any], source: SourceFacts = samples.WINDOWS) -> RestartSpec:
    (step,) = steps(customizer, source=source)
    assert isinstance(step, RestartSpec)
    return step


def test_a_step_has_its_place_its_name_and_an_output_of_its_own() -> None:
    step = script(samples.SHELL, samples.LINUX)

    assert (step.key, step.name, step.kind) == ("customize-00", "install app", "Shell")
    assert step.property_path == "properties.customize[0]"
    assert step.output_blob == f"{samples.RUN.run_id}/steps/customize-00-install-app.log"
    assert step.artifact is None


def test_a_step_without_a_name_is_called_by_its_type_and_place() -> None:
    assert script({"type": "Shell", "inline": ["true"]}, samples.LINUX).name == "Shell 1"


def test_a_fetched_script_names_the_artifact_that_it_takes() -> None:
    assert script({"type": "PowerShell", "scriptUri": "https://example.com/a.ps1"}).artifact == "v3/customize-00"


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        ({}, "kiln-build"),
        ({"runElevated": True}, "kiln-build"),
        ({"runElevated": True, "runAsSystem": True}, "SYSTEM"),
    ],
)
def test_powershell_runs_as_who_the_template_says(settings: dict[str, bool], account: str) -> None:
    found = text({"type": "PowerShell", "inline": ["exit 0"], **settings})

    assert ("User = 'SYSTEM'" in found) is (account == "SYSTEM")
    assert ("New-LocalUser -Name 'kiln-build'" in found) is (account == "kiln-build")


def test_powershell_takes_the_exit_codes_that_the_template_calls_good_and_zero_by_default() -> None:
    powershell = {"type": "PowerShell", "inline": ["exit 0"]}

    assert script({**powershell, "validExitCodes": [0, 3010]}).valid_exit_codes == (0, 3010)
    assert script(powershell).valid_exit_codes == (0,)


def test_a_file_is_written_in_the_way_of_the_operating_system() -> None:
    file = {"type": "File", "sourceUri": "https://example.com/a", "destination": "/tmp/a"}

    assert text(file, samples.LINUX).startswith("#!/bin/sh")
    assert "[IO.File]::Move" in text(file, samples.WINDOWS)


def test_a_windows_restart_is_azures_and_has_five_minutes() -> None:
    step = restart({"type": "WindowsRestart"})

    assert step.trigger is None
    assert step.timeout_seconds == 300
    assert (step.mark.key, step.check.key) == ("customize-00-mark", "customize-00-check")


def test_a_windows_restart_by_a_command_of_its_own_is_triggered_in_the_machine() -> None:
    customizer = {
        "type": "WindowsRestart",
        "restartCommand": "shutdown /r /f /t 0",
        "restartCheckCommand": "echo up",
        "restartTimeout": "2h",
    }
    step = restart(customizer)

    assert step.trigger is not None
    assert "$command = 'shutdown /r /f /t 0'" in text(customizer, part="-trigger")
    assert "$command = 'echo up'" in text(customizer, part="-check")
    assert step.timeout_seconds == 7200


@pytest.mark.parametrize(("source", "how"), [(samples.LINUX, "boot_id"), (samples.WINDOWS, "KilnBoot")])
def test_restart_is_for_any_operating_system(source: SourceFacts, how: str) -> None:
    customizer = {"type": "Restart", "checkCommand": "true", "timeout": "90s"}

    assert how in text(customizer, source, part="-mark")
    assert how in text(customizer, source, part="-check")
    assert restart(customizer, source).timeout_seconds == 90


def test_a_repeated_restart_has_scripts_of_its_own() -> None:
    step = restart({"type": "WindowsRestart", "restartCommand": "shutdown /r"})
    again = step.again(2)

    assert step.again(0) == step
    assert again.trigger is not None
    assert [part.key for part in (again.mark, again.trigger, again.check)] == [
        "customize-00-mark.2",
        "customize-00-trigger.2",
        "customize-00-check.2",
    ]
    assert again.check.base_key == step.check.key
    assert again.check.output_blob != step.check.output_blob


def test_windows_updates_come_in_rounds_with_restarts_between() -> None:
    (step,) = steps({"type": "WindowsUpdate", "name": "updates"})

    assert isinstance(step, UpdateSpec)
    assert step.install.valid_exit_codes == (0, 101, 102)
    assert step.install.again(1).key == "customize-00.1"
    assert step.restart.trigger is None
    assert step.restart.timeout_seconds == 4 * 3600
    assert step.rounds > 1


def test_scripts_that_may_be_there_at_once_never_share_a_name() -> None:
    """Azure allows 25 run commands a machine; a name is used again only long after its script is over."""
    many = [samples.SHELL, {"type": "Restart"}] * 15
    plan = samples.plan(customize=many, optimize={"vmBoot": {"state": "Enabled"}})
    scripts: list[StepSpec] = []
    for step in plan.steps:
        if isinstance(step, RestartSpec):
            scripts += [step.mark, step.check]
        elif isinstance(step, StepSpec):
            scripts.append(step)
    assert plan.generalize is not None
    scripts += [*plan.optimize, plan.generalize]

    assert len({item.key for item in scripts}) == len(scripts)
    assert len({item.command for item in scripts}) == 20
    assert all(
        first.command != second.command for at, first in enumerate(scripts) for second in scripts[at + 1 : at + 20]
    )
