"""Scripted machines behave as the port promises, so that tests on them hold for real ones."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
from typing import TYPE_CHECKING

import pytest

from devkit.guests import vhd
from devkit.guests.port import (
    DataDisk,
    DiskImage,
    Guest,
    GuestError,
    GuestPoweredOff,
    GuestSpec,
    MarketplaceImage,
    ScriptResult,
    Stream,
)
from devkit.guests.scripted.disk import read_disk
from devkit.guests.scripted.guests import ScriptedGuests
from devkit.guests.scripted.rules import BOOT_ID, Rule

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

_SPEC = GuestSpec("/vm/a", "a", MarketplaceImage("Debian", "debian-12", "12", "1.0.0"), admin_username="builder")
_GENERALIZE = b"systemd-run --on-active=5 sh -c '/usr/sbin/waagent -force -deprovision+user && poweroff'"


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 10))


class Output:
    def __init__(self) -> None:
        self.pieces: list[tuple[Stream, bytes]] = []

    async def __call__(self, stream: Stream, data: bytes) -> None:
        self.pieces.append((stream, data))


async def booted(guests: ScriptedGuests, spec: GuestSpec = _SPEC) -> Guest:
    guest = await guests.create(spec)
    await guest.boot()
    return guest


async def script(guest: Guest, text: bytes, *, limit: float = 5, output: Output | None = None) -> ScriptResult:
    return await guest.run_script(
        text, environment={"A": "1"}, arguments=["x"], timeout=limit, output=output or Output()
    )


def test_a_new_machine_is_stopped_until_booted(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await ScriptedGuests(tmp_path).create(_SPEC)
        states = [guest.power_state]
        with pytest.raises(GuestPoweredOff):
            await script(guest, b"true")
        await guest.boot()
        states.append(guest.power_state)
        assert states == ["stopped", "running"]
        assert await script(guest, b"true") == ScriptResult(0)

    run(scenario())


def test_the_first_matching_rule_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path, rules=[Rule(b"apt-get", 100, b"out", b"err"), Rule(re.compile(rb"^apt"), 7)])
        guest = await booted(guests)
        output = Output()
        assert await script(guest, b"apt-get update", output=output) == ScriptResult(100)
        assert output.pieces == [("stdout", b"out"), ("stderr", b"err")]
        assert await script(guest, b"apt update") == ScriptResult(7)
        guests.rules.insert(0, Rule(b"apt", 0))
        assert await script(guest, b"apt-get update") == ScriptResult(0)

    run(scenario())


def test_what_ran_is_remembered(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path)
        await script(await booted(guests), b"echo 1")
        [done] = guests.runs("/VM/A")
        assert (done.script, done.environment, done.arguments, done.exit_code) == ("echo 1", {"A": "1"}, ["x"], 0)

    run(scenario())


def test_a_script_beyond_its_time_limit_times_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path, rules=[Rule(b"", delay=math.inf)]))
        assert await script(guest, b"sleep", limit=0.01) == ScriptResult(-1, timed_out=True)

    run(scenario())


def test_a_cancelled_script_leaves_the_machine_usable(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path, rules=[Rule(b"forever", delay=math.inf, stdout=b"started")])
        guest = await booted(guests)
        started = asyncio.Event()

        async def output(_stream: Stream, _data: bytes) -> None:
            started.set()

        running = asyncio.create_task(
            guest.run_script(b"forever", environment={}, arguments=[], timeout=math.inf, output=output)
        )
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await script(guest, b"true") == ScriptResult(0)

    run(scenario())


def test_power_off_ends_a_running_script(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path, rules=[Rule(b"", delay=math.inf, stdout=b"started")]))
        started = asyncio.Event()

        async def output(_stream: Stream, _data: bytes) -> None:
            started.set()

        running = asyncio.create_task(
            guest.run_script(b"x", environment={}, arguments=[], timeout=math.inf, output=output)
        )
        await started.wait()
        await guest.power_off(graceful=False)
        with pytest.raises(GuestPoweredOff):
            await running

    run(scenario())


@pytest.mark.parametrize("text", [_GENERALIZE, b"& $env:SystemRoot\\System32\\Sysprep\\Sysprep.exe /generalize"])
def test_a_generalize_job_ends_and_then_the_machine_goes_off(tmp_path: Path, text: bytes) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path))
        assert await script(guest, text) == ScriptResult(0)
        await guest.wait_powered_off()
        assert guest.power_state == "stopped"

    run(scenario())


def test_a_generalize_job_can_be_made_to_fail(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path, rules=[Rule(b"-deprovision", 1, stderr=b"no")]))
        assert await script(guest, _GENERALIZE) == ScriptResult(1)
        assert guest.power_state == "running"

    run(scenario())


def test_an_export_is_a_valid_vhd_that_tells_what_ran(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path))
        await script(guest, b"echo 1")
        with pytest.raises(GuestError, match="running"):
            await guest.export_disk(tmp_path / "out.vhd")
        await guest.power_off(graceful=True)
        facts = await guest.export_disk(tmp_path / "out.vhd")
        assert vhd.read_footer(facts.path).virtual_size == facts.virtual_size
        assert [done.script for done in read_disk(facts.path)] == ["echo 1"]

    run(scenario())


def test_a_machine_from_a_captured_image_holds_what_the_image_holds(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path)
        first = await booted(guests)
        await script(first, b"echo 1")
        await first.power_off(graceful=True)
        image = await guests.capture(first, tmp_path / "images" / "a")
        await first.destroy()

        second = await booted(guests, GuestSpec("/vm/b", "b", DiskImage(image.path)))
        await script(second, b"echo 2")
        await second.power_off(graceful=True)
        facts = await second.export_disk(tmp_path / "b.vhd")
        assert [done.script for done in read_disk(facts.path)] == ["echo 1", "echo 2"]

    run(scenario())


def test_another_process_attaches_to_the_same_machine(tmp_path: Path) -> None:
    async def first_process() -> None:
        await script(await booted(ScriptedGuests(tmp_path)), b"echo 1")

    async def second_process() -> None:
        guests = ScriptedGuests(tmp_path)
        guest = await guests.attach("/VM/a")
        assert guest is not None
        assert guest.power_state == "running"
        assert [done.script for done in guests.runs("/vm/a")] == ["echo 1"]
        assert await guests.create(_SPEC) is guest
        await guest.destroy()
        await guest.destroy()
        assert await guests.attach("/vm/a") is None

    run(first_process())
    run(second_process())


def test_close_switches_off_machines_of_an_earlier_process_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        await booted(ScriptedGuests(tmp_path))
        await ScriptedGuests(tmp_path).close()
        guest = await ScriptedGuests(tmp_path).attach("/vm/a")
        assert guest is not None
        assert guest.power_state == "stopped"

    run(scenario())


def test_a_planned_failure_happens_as_often_as_planned(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path)
        guests.fail_next("boot", "no capacity", times=2)
        guest = await guests.create(_SPEC)
        for _ in range(2):
            with pytest.raises(GuestError, match="no capacity"):
                await guest.boot()
        await guest.boot()

    run(scenario())


def test_a_rule_answers_as_often_as_it_says_and_then_the_next_one_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        rules = [Rule(b"choco", 101, times=1), Rule(b"choco", 0), Rule(b"other", 7, times=0)]
        guest = await booted(ScriptedGuests(tmp_path, rules=rules))
        assert [(await script(guest, text)).exit_code for text in (b"choco 1", b"choco 2", b"choco 3", b"other")] == [
            101, 0, 0, 0,
        ]  # fmt: skip
        assert [rule.answered for rule in rules] == [1, 2, 0]

    run(scenario())


async def boot_id(guest: Guest, text: bytes = b"cat /proc/sys/kernel/random/boot_id") -> bytes:
    output = Output()
    await script(guest, text, output=output)
    return b"".join(data for _, data in output.pieces)


def test_a_boot_id_changes_with_each_restart_and_outlives_a_process(tmp_path: Path) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path))
        seen = [await boot_id(guest)]
        assert await boot_id(guest, b"(Get-CimInstance Win32_OperatingSystem).LastBootUpTime") == seen[0]
        await guest.restart()
        seen.append(await boot_id(guest))
        await guest.boot()
        assert await boot_id(guest) == seen[1]
        await guest.power_off(graceful=True)
        await guest.boot()
        again = await ScriptedGuests(tmp_path, rules=[Rule(b"which boot", stdout=b"boot " + BOOT_ID)]).attach("/vm/a")
        assert again is not None
        seen.append(await boot_id(guest))
        assert await boot_id(again, b"which boot") == b"boot " + seen[2].strip()
        assert len(set(seen)) == 3

    run(scenario())


@pytest.mark.parametrize("text", [b'shutdown /r /f /t 0 /c "restart"', b"Restart-Computer -Force", b"shutdown -r now"])
def test_a_script_that_restarts_the_machine_ends_first(tmp_path: Path, text: bytes) -> None:
    async def scenario() -> None:
        guest = await booted(ScriptedGuests(tmp_path))
        before = await boot_id(guest)
        assert await script(guest, text) == ScriptResult(0)
        await asyncio.sleep(0)
        assert await boot_id(guest) != before
        assert guest.power_state == "running"

    run(scenario())


def test_a_script_that_kills_itself_by_a_restart_is_never_heard_of_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path, rules=[Rule(b"update", restarts=True), Rule(b"long", delay=math.inf)])
        guest = await booted(guests)
        before = await boot_id(guest)
        other = asyncio.create_task(script(guest, b"long", limit=math.inf))
        await asyncio.sleep(0)
        assert await script(guest, b"update", limit=0.01) == ScriptResult(-1, timed_out=True)
        assert await boot_id(guest) != before
        assert [(done.script, done.exit_code) for done in guests.runs("/vm/a")][1] == ("update", -1)
        assert not other.done()
        await guest.power_off(graceful=True)
        with pytest.raises(GuestPoweredOff):
            await other

    run(scenario())


def test_data_disks_are_captured_and_come_back_in_another_machine(tmp_path: Path) -> None:
    async def scenario() -> None:
        guests = ScriptedGuests(tmp_path)
        first = await booted(guests, dataclasses.replace(_SPEC, data_disks=(DataDisk(3, 8),)))
        await script(first, b"echo 1")
        await first.power_off(graceful=True)
        image = await guests.capture(first, tmp_path / "images" / "data", lun=3)
        with pytest.raises(GuestError, match="no disk at LUN 0"):
            await guests.capture(first, tmp_path / "images" / "none", lun=0)

        source = DiskImage(image.path)
        second = await booted(guests, GuestSpec("/vm/b", "b", _SPEC.source, data_disks=(DataDisk(0, 8, source),)))
        await script(second, b"echo 2")
        await second.power_off(graceful=True)
        again = await ScriptedGuests(tmp_path).attach("/vm/b")
        assert again is not None
        data = await again.export_disk(tmp_path / "data.vhd", lun=0)
        system = await again.export_disk(tmp_path / "os.vhd")
        assert [done.script for done in read_disk(data.path)] == ["echo 1", "echo 2"]
        assert [done.script for done in read_disk(system.path)] == ["echo 2"]

    run(scenario())
