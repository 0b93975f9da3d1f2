"""The scripts of one machine, in order: each gets its key, its runCommands resource and its output's place."""

from __future__ import annotations

import itertools

from kiln.planner import names
from kiln.planner.steps import StepSpec


class Commands:
    """Makes the steps of one machine, in the order in which they run; they use a few runCommands resources in turn.

    `scripts` has the texts of all steps so far, by a step's key.
    """

    def __init__(self, run_id: str, timeout_minutes: int) -> None:
        self._run_id = run_id
        self._timeout = timeout_minutes
        self._turns = itertools.count()
        self.scripts: dict[str, str] = {}

    def script(
        self,
        key: str,
        *,
        index: int,
        name: str,
        kind: str,
        path: str,
        script: str,
        artifact: str | None = None,
        timeout_minutes: int | None = None,
        valid_exit_codes: tuple[int, ...] = (0,),
    ) -> StepSpec:
        """Return the machine's next step and keep its script. Without a time limit of its own, it has the build's."""
        self.scripts[key] = script
        return StepSpec(
            action="script",
            index=index,
            key=key,
            name=name,
            kind=kind,
            property_path=path,
            command=names.command(next(self._turns)),
            artifact=artifact,
            output_blob=names.output_blob(self._run_id, key, name),
            timeout_minutes=min(timeout_minutes or self._timeout, self._timeout),
            valid_exit_codes=valid_exit_codes,
        )
