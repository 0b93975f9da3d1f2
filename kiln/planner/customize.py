"""Turns customizers into steps in the build machine, in the template's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.planner import artifacts
from kiln.planner.scripts import files, powershell, restart, shell, updates
from kiln.planner.steps import UPDATES_DONE, UPDATES_MORE, UPDATES_RESTART, RestartSpec, Step, StepSpec, UpdateSpec
from kiln.printable import one_line
from kiln.template.customizers import (
    FileCustomizer,
    FileValidator,
    PowerShellCustomizer,
    PowerShellValidator,
    RestartCustomizer,
    ShellCustomizer,
    ShellValidator,
    WindowsRestartCustomizer,
    WindowsUpdateCustomizer,
)

if TYPE_CHECKING:
    from kiln.planner.commands import Commands
    from kiln.planner.facts import OperatingSystem
    from kiln.template.customizers import Customizer, Validator
    from kiln.template.models import ImageTemplate

WINDOWS_RESTART_TIMEOUT = "5m"
"""AIB's default for `restartTimeout` (Microsoft's image-builder-json)."""

UPDATE_ROUNDS = 20
"""The most rounds of updates. AIB goes on until no update is left; a machine that needs more rounds would never end."""

UPDATE_RESTART_TIMEOUT = "4h"
"""How long updates may take to settle during a restart (packer-plugin-windows-update's limit, which AIB has)."""

LONGEST_NAME = 100
"""Most characters of a step's name that are shown."""

SHORT = 5
"""The time limit, in minutes, of Kiln's own scripts that only look at something or schedule it."""

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def customize(template: ImageTemplate, version: int, commands: Commands, os: OperatingSystem) -> tuple[Step, ...]:
    """Return the steps of the template's customizers."""
    return tuple(
        _step(index, customizer, version, commands, os)
        for index, customizer in enumerate(template.properties.customize)
    )


def _step(index: int, customizer: Customizer, version: int, commands: Commands, os: OperatingSystem) -> Step:
    match customizer:
        case WindowsRestartCustomizer():
            return _restart(
                index,
                customizer,
                commands,
                os,
                command=customizer.restart_command,
                check=customizer.restart_check_command,
                timeout=customizer.restart_timeout or WINDOWS_RESTART_TIMEOUT,
            )
        case RestartCustomizer():
            return _restart(
                index, customizer, commands, os, command="", check=customizer.check_command, timeout=customizer.timeout
            )
        case WindowsUpdateCustomizer():
            return _updates(index, customizer, commands)
        case _:
            return run_script(artifacts.CUSTOMIZE, index, customizer, version=version, commands=commands, os=os)


def run_script(
    part: str,
    index: int,
    step: ShellCustomizer | PowerShellCustomizer | FileCustomizer | Validator,
    *,
    version: int,
    commands: Commands,
    os: OperatingSystem,
) -> StepSpec:
    """Return the step of a customizer or validator that is a single script."""
    valid: tuple[int, ...] = (0,)
    match step:
        case ShellCustomizer() | ShellValidator():
            script = shell.inline_script(step.inline) if step.inline else shell.fetched_script()
        case PowerShellCustomizer() | PowerShellValidator():
            user = powershell.user_of(elevated=step.run_elevated, system=step.run_as_system)
            script = powershell.inline_script(step.inline, user) if step.inline else powershell.fetched_script(user)
            valid = step.valid_exit_codes or valid
        case FileCustomizer() | FileValidator():
            write = files.linux_file if os == "Linux" else files.windows_file
            script = write(step.destination)
        case _:
            assert_never(step)
    return commands.script(
        f"{part}-{index:02d}",
        index=index,
        name=_name(index, step),
        kind=step.type,
        path=artifacts.step_path(part, index),
        script=script,
        artifact=artifacts.step_blob(version, part, index, step),
        valid_exit_codes=valid,
    )


def _restart(
    index: int,
    customizer: Customizer,
    commands: Commands,
    os: OperatingSystem,
    *,
    command: str,
    check: str,
    timeout: str,
) -> RestartSpec:
    windows = os == "Windows"
    key, path = f"{artifacts.CUSTOMIZE}-{index:02d}", artifacts.step_path(artifacts.CUSTOMIZE, index)

    def part(role: str, script: str) -> StepSpec:
        return commands.script(
            f"{key}-{role}",
            index=index,
            name=_name(index, customizer),
            kind=customizer.type,
            path=path,
            script=script,
            timeout_minutes=SHORT,
        )

    return RestartSpec(
        action="restart",
        index=index,
        name=_name(index, customizer),
        kind=customizer.type,
        property_path=path,
        mark=part("mark", restart.windows_mark() if windows else restart.linux_mark()),
        trigger=part("trigger", restart.windows_trigger(command)) if command else None,
        check=part("check", restart.windows_check(check) if windows else restart.linux_check(check)),
        timeout_seconds=_seconds(timeout),
    )


def _updates(index: int, customizer: WindowsUpdateCustomizer, commands: Commands) -> UpdateSpec:
    install = commands.script(
        f"{artifacts.CUSTOMIZE}-{index:02d}",
        index=index,
        name=_name(index, customizer),
        kind=customizer.type,
        path=artifacts.step_path(artifacts.CUSTOMIZE, index),
        script=updates.install_script(
            criteria=customizer.search_criteria, filters=customizer.filters, limit=customizer.update_limit
        ),
        valid_exit_codes=(UPDATES_DONE, UPDATES_RESTART, UPDATES_MORE),
    )
    return UpdateSpec(
        action="update",
        index=index,
        name=install.name,
        kind=install.kind,
        property_path=install.property_path,
        install=install,
        restart=_restart(index, customizer, commands, "Windows", command="", check="", timeout=UPDATE_RESTART_TIMEOUT),
        rounds=UPDATE_ROUNDS,
    )


def _seconds(duration: str) -> int:
    """Return a duration of the template language (`90s`, `5m`, `2h`) in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def _name(index: int, step: Customizer | Validator) -> str:
    """Return the step's name for people. The template's author gives it; it must be one line in logs and events."""
    return one_line(step.name.strip()[:LONGEST_NAME]) or f"{step.type} {index + 1}"
