"""One scripted machine: a power state, a list of scripts that ran, and a small file that remembers both.

It owns the port's promises about one machine; it must not know which rules a test sets.
"""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from devkit.guests.port import (
    DiskFacts,
    GuestError,
    GuestPoweredOff,
    GuestSpec,
    OutputSink,
    PowerState,
    ScriptResult,
)
from devkit.guests.scripted.disk import ScriptRun, write_disk
from devkit.guests.scripted.rules import Rule, answer
from devkit.guests.spec_json import dump_spec, load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from devkit.guests.scripted.guests import ScriptedGuests


class ScriptedGuest:
    """A machine that answers by rules; see `devkit.guests.port.Guest`."""

    def __init__(self, owner: ScriptedGuests, file: Path, spec: GuestSpec, inherited: Sequence[ScriptRun] = ()) -> None:
        self.spec = spec
        self.runs: list[ScriptRun] = []
        self._inherited = list(inherited)
        self._owner = owner
        self._file = file
        self._off = asyncio.Event()
        self._off.set()

    @classmethod
    def load(cls, owner: ScriptedGuests, file: Path) -> ScriptedGuest:
        """Read a machine back from its file, as running or stopped as it was."""
        document = json.loads(file.read_text())
        inherited = [ScriptRun(**run) for run in document["inherited"]]
        guest = cls(owner, file, load_spec(document["spec"]), inherited)
        guest.runs = [ScriptRun(**run) for run in document["runs"]]
        if document["power_state"] == "running":
            guest._off.clear()
        return guest

    def save(self) -> None:
        """Write the machine's file, at once or not at all."""
        document = {
            "spec": dump_spec(self.spec),
            "power_state": self.power_state,
            "inherited": [asdict(run) for run in self._inherited],
            "runs": [asdict(run) for run in self.runs],
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(document, indent=1))
        partial.replace(self._file)

    @property
    def power_state(self) -> PowerState:
        """Whether the machine is on."""
        return "stopped" if self._off.is_set() else "running"

    async def boot(self) -> None:
        """Switch on."""
        self._owner.check("boot")
        self._check_exists()
        self._off.clear()
        self.save()

    async def run_script(
        self,
        script: bytes,
        *,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        timeout: float,  # noqa: ASYNC109  # see the port
        output: OutputSink,
    ) -> ScriptResult:
        """Answer by the first rule that matches the script."""
        self._owner.check("run_script")
        if self._off.is_set():
            raise GuestPoweredOff(f"{self.spec.vm_id}: the machine is off")
        rule = answer(self._owner.rules, script)
        if rule.stdout:
            await output("stdout", rule.stdout)
        if rule.stderr:
            await output("stderr", rule.stderr)
        result = await self._wait_for(rule, timeout)
        if self._off.is_set():
            raise GuestPoweredOff(f"{self.spec.vm_id}: the machine went off")
        text = script.decode(errors="replace")
        self.runs.append(ScriptRun(text, dict(environment), list(arguments), result.exit_code))
        self.save()
        if rule.powers_off:
            # After this result, not before it: the job was left behind by a script that has ended.
            asyncio.get_running_loop().call_soon(self.go_off)
        return result

    async def restart(self) -> None:
        """Do what a restart changes here: nothing, on a machine that is on."""
        self._owner.check("restart")
        if self._off.is_set():
            raise GuestPoweredOff(f"{self.spec.vm_id}: the machine is off")

    async def power_off(self, *, graceful: bool) -> None:  # noqa: ARG002  # no operating system to be graceful to
        """Switch off."""
        self._owner.check("power_off")
        self.go_off()

    async def wait_powered_off(self) -> None:
        """Return when the machine is off."""
        await self._off.wait()

    async def destroy(self) -> None:
        """Switch off and remove the machine's file."""
        self._owner.check("destroy")
        self.go_off()
        self._file.unlink(missing_ok=True)

    async def export_disk(self, target: Path) -> DiskFacts:
        """Write the disk, a VHD of a few pages."""
        self._owner.check("export_disk")
        return self.write_disk(target)

    def write_disk(self, target: Path) -> DiskFacts:
        """Write what the disk of the stopped machine holds."""
        self._check_exists()
        if not self._off.is_set():
            raise GuestError(f"{self.spec.vm_id}: the disk of a running machine cannot be read")
        return write_disk(target, self.spec.vm_id, [*self._inherited, *self.runs])

    def go_off(self) -> None:
        """Be off, at once."""
        if not self._off.is_set():
            self._off.set()
            self.save()

    async def _wait_for(self, rule: Rule, limit: float) -> ScriptResult:
        """Let the rule's delay pass, but not beyond the time limit or a power-off."""
        if not rule.delay:
            return ScriptResult(rule.exit_code)
        duration = min(rule.delay, limit)
        try:
            async with asyncio.timeout(None if math.isinf(duration) else duration):
                await self._off.wait()
        except TimeoutError:
            if rule.delay > limit:
                return ScriptResult(-1, timed_out=True)
        return ScriptResult(rule.exit_code)

    def _check_exists(self) -> None:
        if not self._file.exists():
            raise GuestError(f"{self.spec.vm_id}: the machine has been destroyed")
