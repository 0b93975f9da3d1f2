"""Scrubbing of the traces of Run Command and of Kiln, by the very function, in a root of the test's own."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kiln.planner.scripts import generalize, restart, shell
from kiln.planner.scripts.powershell import literal
from kiln.planner.scripts.scrub import ADMINISTRATOR, WINDOWS_SCRUB, linux_scrub
from tests.unit.kiln.planner.scripts.powershell_syntax import commands, wrong_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEFT = (
    "var/lib/waagent/run-command-handler/download/kiln-00/1/script.sh",
    "var/lib/waagent/run-command-handler/download/kiln-00/1/stdout",
    "var/lib/waagent/Microsoft.CPlat.Core.RunCommandHandlerLinux-1.3.5/config/kiln-00.1.settings",
    "var/lib/waagent/Microsoft.CPlat.Core.RunCommandHandlerLinux-1.3.5/status/kiln-00.1.status",
    "var/log/azure/run-command-handler/handler.log",
    "var/log/azure/Microsoft.CPlat.Core.RunCommandHandlerLinux/CommandExecution.log",
    *(f"{folder[1:]}/{shell.SCRIPT_NAME}.AbC123" for folder in shell.SCRIPT_FOLDERS),
    f"tmp/{shell.SCRIPT_NAME}.AbC123.fetched",
    restart.LINUX_MARK[1:],
    "root/.bash_history",
)
KEPT = (
    "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.6/config/0.settings",
    "var/log/azure/other/handler.log",
    "tmp/script_mine.sh",
    "root/.bashrc",
    "home/someone/.bash_history",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (*LEFT, *KEPT):
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("https://acc.blob.core.windows.net/c/b?sig=secret\n")
    rights = tmp_path / "root/etc/sudoers.d"
    rights.mkdir(parents=True)
    (rights / "waagent").write_text("kiln ALL=(ALL) NOPASSWD: ALL\nkilner ALL=(ALL) ALL\n")
    (rights / "90-cloud-init-users").write_text(
        "# Created by cloud-init\n\n# User rules for kiln\nkiln ALL=(ALL) NOPASSWD:ALL\n"
    )
    return tmp_path / "root"


def scrubbed(root: Path, *, users: Path, userdel: str = 'rm "$USERS/$3"') -> int:
    """Run the function below `root`, with the users that are files in `users`; return its exit code."""
    moved = re.sub(r" (/(?:var|tmp|opt|root|etc)/)", rf" {root}\1", linux_scrub())
    fakes = f'id() {{ test -e "$USERS/$2"; }}\nuserdel() {{ {userdel}; }}\n'
    script = f"{fakes}{moved}kiln_scrub\n"
    environment = {"PATH": "/usr/bin:/bin", "USERS": str(users)}
    return subprocess.run(["/bin/sh", "-c", script], env=environment, check=False).returncode


def files(root: Path) -> Iterator[str]:
    for file in sorted(root.rglob("*")):
        if file.is_file() and "sudoers" not in str(file):
            yield str(file.relative_to(root))


def test_all_that_run_command_and_kiln_leave_goes_and_nothing_else(root: Path, tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / ADMINISTRATOR).touch()

    assert scrubbed(root, users=tmp_path / "users") == 0

    assert list(files(root)) == sorted(KEPT)
    assert list((tmp_path / "users").iterdir()) == []
    assert (root / "etc/sudoers.d/waagent").read_text() == "kilner ALL=(ALL) ALL\n"
    assert (root / "etc/sudoers.d/90-cloud-init-users").read_text() == "# Created by cloud-init\n\n"


def test_scrubbing_what_is_scrubbed_succeeds(root: Path, tmp_path: Path) -> None:
    shutil.rmtree(root)
    assert scrubbed(root, users=tmp_path) == 0


@pytest.mark.parametrize(("userdel", "code"), [("false", 1), ('rm "$USERS/$3"; false', 0)])
def test_a_user_that_stays_stops_the_machine_from_becoming_an_image(
    root: Path, tmp_path: Path, userdel: str, code: int
) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / ADMINISTRATOR).touch()
    assert scrubbed(root, users=tmp_path / "users", userdel=userdel) == code


def test_linux_is_scrubbed_last_and_before_a_script_that_may_power_off_by_itself() -> None:
    script = generalize.linux_generalize()
    order = ["kiln_scrub() {", "then kiln_scrub; sh -e", "else waagent", "fi && kiln_scrub && rm -f", "poweroff"]
    places = [script.index(text) for text in order]
    assert places == sorted(places)
    assert subprocess.run(["/bin/sh", "-n"], input=script.encode(), check=False).returncode == 0


def test_windows_is_scrubbed_before_a_script_that_may_power_off_by_itself() -> None:
    script = generalize.windows_generalize()
    first, last = (literal(line) for line in (WINDOWS_SCRUB.splitlines()[0], WINDOWS_SCRUB.splitlines()[-1]))
    places = [script.index(text) for text in ("Remove-LocalUser", first, last, "DeprovisioningScript.ps1")]
    assert places == sorted(places)


def test_the_scrub_of_windows_is_powershell() -> None:
    assert wrong_places(WINDOWS_SCRUB) == []
    assert "Remove-Item" in commands(WINDOWS_SCRUB)
