"""Optimization: the last scripts before the machine is generalized. The workload's own first, then the boot's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.planner import artifacts, names
from kiln.planner.scripts import optimize as scripts
from kiln.planner.scripts import powershell, shell

if TYPE_CHECKING:
    from kiln.planner.commands import Commands
    from kiln.planner.facts import OperatingSystem
    from kiln.planner.steps import StepSpec
    from kiln.template.models import ImageTemplate


def optimize(template: ImageTemplate, version: int, commands: Commands, os: OperatingSystem) -> tuple[StepSpec, ...]:
    """Return the steps of the template's `optimize`, if any is enabled."""
    asked = template.properties.optimize
    steps: list[StepSpec] = []
    if asked.workload.state == "Enabled" and asked.workload.script_uri:
        windows = powershell.fetched_script(powershell.SYSTEM) if os == "Windows" else None
        steps.append(
            commands.script(
                "optimize-workload",
                index=len(steps),
                name="workload",
                kind="Optimize",
                path="properties.optimize.workload",
                script=windows or shell.fetched_script(),
                artifact=names.artifact_blob(version, artifacts.OPTIMIZE),
            )
        )
    if asked.vm_boot.state == "Enabled":
        steps.append(
            commands.script(
                "optimize-boot",
                index=len(steps),
                name="boot",
                kind="Optimize",
                path="properties.optimize.vmBoot",
                script=scripts.windows_boot() if os == "Windows" else scripts.linux_boot(),
            )
        )
    return tuple(steps)
