"""The steps in a plan, which run in a machine: scripts, restarts, rounds of updates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.planner.facts import Spec

UPDATES_DONE, UPDATES_RESTART, UPDATES_MORE = 0, 101, 102
"""Exit codes of a round of Windows updates: none is left; restart, then another round; another round."""


class StepSpec(Spec):
    """One script to be run in a machine by managed Run Command.

    `key` is unique among the machine's scripts; `command` names the runCommands resource, which other scripts use
    before and after. The script's text is with the whole plan, complete except for `$KILN_ARTIFACT_URL`, which is
    handed over as a protected parameter when the step starts, so that no signed URL is ever in a plan. `index` counts
    from 0, for people.
    """

    action: Literal["script"]
    index: int
    key: str
    name: str
    kind: str
    """The customizer's or validator's type, or `Optimize`, `Generalize`."""
    property_path: str
    command: str
    artifact: str | None = None
    output_blob: str
    timeout_minutes: int
    valid_exit_codes: tuple[int, ...] = (0,)

    @property
    def base_key(self) -> str:
        """The step's key, without the number of its repetition."""
        return self.key.partition(".")[0]

    def again(self, turn: int) -> StepSpec:
        """Return the step for its `turn`-th repetition (0: itself), as a script of its own with its own output."""
        if turn == 0:
            return self
        stem, dot, ending = self.output_blob.rpartition(".")
        output = f"{stem}-{turn}{dot}{ending}"
        return self.model_copy(update={"key": f"{self.key}.{turn}", "output_blob": output})


class RestartSpec(Spec):
    """A restart of the machine's operating system, proved by a boot that is not the one before.

    `mark` notes the boot; then Azure restarts the machine, or `trigger`, a template's own command, does; `check` ends
    with 0 once it is another boot and the template's own check succeeds.
    """

    action: Literal["restart"]
    index: int
    name: str
    kind: str
    property_path: str
    mark: StepSpec
    trigger: StepSpec | None = None
    check: StepSpec
    timeout_seconds: int

    def again(self, turn: int) -> RestartSpec:
        """Return the restart for its `turn`-th repetition (0: itself), with scripts of its own."""
        parts = {"mark": self.mark.again(turn), "check": self.check.again(turn)}
        if self.trigger is not None:
            parts["trigger"] = self.trigger.again(turn)
        return self.model_copy(update=parts)


class UpdateSpec(Spec):
    """Windows updates: `install` in at most `rounds` rounds, with restarts where its exit code asks for one."""

    action: Literal["update"]
    index: int
    name: str
    kind: str
    property_path: str
    install: StepSpec
    restart: RestartSpec
    rounds: int


Step = Annotated[StepSpec | RestartSpec | UpdateSpec, Field(discriminator="action")]
