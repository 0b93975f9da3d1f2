"""What happens inside of a machine, as nodes of a plan's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from rich.text import Text

from kiln.cli.screens.plan_texts import count, head, told
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec

if TYPE_CHECKING:
    from rich.tree import Tree

    from kiln.planner.plan import WholePlan
    from kiln.planner.steps import Step


class PlanSteps:
    """Adds steps to a tree; with `scripts`, each one's whole scripts below it."""

    def __init__(self, plan: WholePlan, *, scripts: bool) -> None:
        self._plan = plan
        self._urls = {artifact.blob: artifact.url for artifact in plan.staging.artifacts}
        self._scripts = scripts

    def add(self, parent: Tree, step: Step) -> None:
        """Add one step."""
        match step:
            case StepSpec():
                self._script(parent, step)
            case RestartSpec():
                self._restart(parent, step)
            case UpdateSpec():
                node = parent.add(head(step.name, f"{step.kind}, at most {step.rounds} rounds with restarts"))
                self._text(node, step.install)
            case _:
                assert_never(step)

    def add_generalize(self, parent: Tree, step: StepSpec) -> None:
        """Add the last script of a build machine."""
        lines = count(self._lines(step), "line")
        self._text(parent.add(head("generalize", f"{lines}, at most {step.timeout_minutes} min")), step)

    def _script(self, parent: Tree, step: StepSpec) -> None:
        codes = step.valid_exit_codes
        good = f", good exit codes {', '.join(str(code) for code in codes)}" if codes != (0,) else ""
        rest = f"{step.kind}, {count(self._lines(step), 'line')}, at most {step.timeout_minutes} min{good}"
        node = parent.add(head(step.name, rest))
        if step.artifact:
            node.add(Text(f"takes {told(self._urls[step.artifact])}"))
        self._text(node, step)

    def _restart(self, parent: Tree, step: RestartSpec) -> None:
        how = "by the template's own command" if step.trigger else "by Azure"
        node = parent.add(head(step.name, f"{step.kind} {how}, up again within {step.timeout_seconds} s"))
        for part in (step.mark, step.trigger, step.check):
            if part:
                self._text(node, part)

    def _text(self, node: Tree, step: StepSpec) -> None:
        if self._scripts:
            node.add(Text(self._plan.script(step).rstrip("\n"), style="dim"))

    def _lines(self, step: StepSpec) -> int:
        return self._plan.script(step).rstrip("\n").count("\n") + 1
