"""One scripted machine: a power state, a list of scripts that ran, and a small file that remembers both.

It owns the port's promises about one machine; it must not know which rules a test sets.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, Protocol

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
from devkit.guests.scripted.rules import BOOT_ID, Rule, answer
from devkit.guests.spec_json import dump_spec, load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


Operation = Literal["create", "boot", "run_script", "restart", "power_off", "destroy", "export_disk", "capture"]

Inherited = dict[int | None, list[ScriptRun]]
"""The scripts that ran on the machines which the disks come from, by LUN; None is the OS disk."""


class Owner(Protocol):
    """All machines of one local Azure, as far as one of them asks."""

    rules: list[Rule]

    def check(self, operation: Operation) -> None:
        """Raise the failure that was planned for this operation, if any."""


class ScriptedGuest:
    """A machine that answers by rules; see `devkit.guests.port.Guest`."""

    def __init__(self, owner: Owner, file: Path, spec: GuestSpec, inherited: Inherited) -> None:
        self.spec = spec
        self.runs: list[ScriptRun] = []
        self.boot_id = str(uuid.uuid4())
        self._inherited = inherited
        self._owner = owner
        self._file = file
        self._off = asyncio.Event()
        self._off.set()
        self._boot_over = asyncio.Event()
        self._boot_over.set()

    @classmethod
    def load(cls, owner: Owner, file: Path) -> ScriptedGuest:
        """Read a machine back from its file, as running or stopped as it was."""
        document = json.loads(file.read_text())
        inherited = [(lun, [ScriptRun(**run) for run in runs]) for lun, runs in document["inherited"]]
        guest = cls(owner, file, load_spec(document["spec"]), dict(inherited))
        guest.runs = [ScriptRun(**run) for run in document["runs"]]
        guest.boot_id = document["boot_id"]
        if document["power_state"] == "running":
            guest._off.clear()
            guest._boot_over.clear()
        return guest

    def save(self) -> None:
        """Write the machine's file, at once or not at all."""
        document = {
            "spec": dump_spec(self.spec),
            "power_state": self.power_state,
            "boot_id": self.boot_id,
            "inherited": [(lun, [asdict(run) for run in runs]) for lun, runs in self._inherited.items()],
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
        if self._off.is_set():
            self._off.clear()
            self._begin_boot()

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
        boot_over, deadline = self._boot_over, asyncio.get_running_loop().time() + timeout
        rule = answer(self._owner.rules, script)
        if rule.stdout:
            await output("stdout", rule.stdout.replace(BOOT_ID, self.boot_id.encode()))
        if rule.stderr:
            await output("stderr", rule.stderr)
        result = await self._wait_for(rule, timeout)
        run = ScriptRun(script.decode(errors="replace"), dict(environment), list(arguments), result.exit_code)
        if rule.restarts and not result.timed_out and not boot_over.is_set():
            self.runs.append(dataclasses.replace(run, exit_code=-1))
            self._start_over()
        if boot_over.is_set():
            return await self._never_heard_of(deadline)
        self.runs.append(run)
        self.save()
        # After this result, not before it: the job was left behind by a script that has ended.
        if rule.powers_off:
            asyncio.get_running_loop().call_soon(self.go_off)
        elif rule.restarts_after:
            asyncio.get_running_loop().call_soon(self._start_over)
        return result

    async def restart(self) -> None:
        """Restart: scripts that run now are killed."""
        self._owner.check("restart")
        if self._off.is_set():
            raise GuestPoweredOff(f"{self.spec.vm_id}: the machine is off")
        self._start_over()

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

    async def export_disk(self, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Write a disk, a VHD of a few pages."""
        self._owner.check("export_disk")
        return self.write_disk(target, lun)

    def write_disk(self, target: Path, lun: int | None) -> DiskFacts:
        """Write a disk of the stopped machine: its source's scripts, and those that ran here, on whatever disk."""
        self._check_exists()
        if lun not in self._inherited:
            raise GuestError(f"{self.spec.vm_id}: there is no disk at LUN {lun}")
        if not self._off.is_set():
            raise GuestError(f"{self.spec.vm_id}: the disk of a running machine cannot be read")
        name = self.spec.vm_id if lun is None else f"{self.spec.vm_id} LUN {lun}"
        return write_disk(target, name, [*self._inherited[lun], *self.runs])

    def go_off(self) -> None:
        """Switch off at once."""
        if not self._off.is_set():
            self._off.set()
            self._boot_over.set()
            self.save()

    def _start_over(self) -> None:
        if not self._off.is_set():
            self._boot_over.set()
            self._begin_boot()

    def _begin_boot(self) -> None:
        self._boot_over = asyncio.Event()
        self.boot_id = str(uuid.uuid4())
        self.save()

    async def _wait_for(self, rule: Rule, limit: float) -> ScriptResult:
        """Let the rule's delay pass, but not beyond the time limit or the end of this boot."""
        if not rule.delay:
            return ScriptResult(rule.exit_code)
        duration = min(rule.delay, limit)
        try:
            async with asyncio.timeout(None if math.isinf(duration) else duration):
                await self._boot_over.wait()
        except TimeoutError:
            if rule.delay > limit:
                return ScriptResult(-1, timed_out=True)
        return ScriptResult(rule.exit_code)

    async def _never_heard_of(self, deadline: float) -> ScriptResult:
        """Wait for a script that the end of its boot has killed, until its time limit or the machine goes off."""
        try:
            async with asyncio.timeout_at(None if math.isinf(deadline) else deadline):
                await self._off.wait()
        except TimeoutError:
            return ScriptResult(-1, timed_out=True)
        raise GuestPoweredOff(f"{self.spec.vm_id}: the machine went off")

    def _check_exists(self) -> None:
        if not self._file.exists():
            raise GuestError(f"{self.spec.vm_id}: the machine has been destroyed")
