from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.planner.scripts import STILL_RESTARTING, restart
from tests.unit.kiln.planner.scripts.guest import run
from tests.unit.kiln.planner.scripts.hostile import CANARY, HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


class Machine:
    """A machine whose boot id is a file of the test's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mark = folder / "mark"
        self.boot("first")

    def boot(self, boot_id: str) -> None:
        (self._folder / "boot_id").write_text(f"{boot_id}\n")

    def run(self, script: str) -> tuple[int, str]:
        here = script.replace("/proc/sys/kernel/random/boot_id", str(self._folder / "boot_id"))
        result = run(here.replace(restart.LINUX_MARK, str(self.mark)), self._folder)
        return result.returncode, result.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_that_is_still_in_the_same_boot_has_not_restarted(machine: Machine) -> None:
    assert machine.run(restart.linux_mark()) == (0, "first\n")

    assert machine.run(restart.linux_check("")) == (STILL_RESTARTING, "not restarted yet\n")
    assert machine.mark.exists()


def test_another_boot_is_a_restart_and_no_mark_stays(machine: Machine) -> None:
    machine.run(restart.linux_mark())
    machine.boot("second")

    assert machine.run(restart.linux_check("")) == (0, "restarted\n")
    assert not machine.mark.exists()


def test_a_check_that_is_asked_again_after_its_success_succeeds_again(machine: Machine) -> None:
    machine.run(restart.linux_mark())
    machine.boot("second")
    machine.run(restart.linux_check(""))

    assert machine.run(restart.linux_check(""))[0] == 0


def test_the_templates_own_check_has_a_say_as_well(machine: Machine) -> None:
    machine.run(restart.linux_mark())
    machine.boot("second")

    code, said = machine.run(restart.linux_check("echo looking; exit 3"))

    assert code == STILL_RESTARTING
    assert said == "looking\nrestarted; the check command fails\n"
    assert machine.mark.exists()
    assert machine.run(restart.linux_check("test -e boot_id"))[0] == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_a_check_command_is_handed_over_as_it_is(machine: Machine, tmp_path: Path, text: str) -> None:
    """The command prints one argument, which the shell has in single quotes: all that happens then is the command's."""
    command = "printf %s " + "'" + text.replace("'", "'\\''") + "'"
    machine.run(restart.linux_mark())
    machine.boot("second")

    code, said = machine.run(restart.linux_check(command))

    assert code == 0
    assert said == f"{text}restarted\n"
    assert not (tmp_path / CANARY).exists()
