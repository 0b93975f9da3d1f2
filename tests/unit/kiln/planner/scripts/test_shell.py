from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiln.planner.scripts import files, generalize, optimize, restart, shell
from tests.unit.kiln.planner.scripts.guest import PATH, run, served


def test_inline_stops_at_the_first_failing_line_as_aib_does(tmp_path: Path) -> None:
    result = run(shell.inline_script(("echo one", "false", "echo two")), tmp_path)

    assert result.returncode == 1
    assert result.stdout == "one\n"


def test_both_streams_are_one_and_in_order(tmp_path: Path) -> None:
    result = run(shell.inline_script(("echo out", "echo err >&2", "echo out again")), tmp_path)

    assert result.stdout == "out\nerr\nout again\n"
    assert result.stderr == ""


def test_the_lines_of_an_inline_are_one_script(tmp_path: Path) -> None:
    result = run(shell.inline_script(("for word in a b; do", '  echo "$word"', "done", "exit 5")), tmp_path)

    assert (result.returncode, result.stdout) == (5, "a\nb\n")


def test_a_fetched_script_runs_as_itself_and_does_not_see_the_signed_url(tmp_path: Path) -> None:
    script = [b"#!/bin/bash", b'echo "bash $BASH_VERSION" | cut -c1-5', b'echo "url=[$KILN_ARTIFACT_URL]"', b"exit 3"]
    url = served(tmp_path, b"\n".join(script))

    result = run(shell.fetched_script(), tmp_path, KILN_ARTIFACT_URL=url)

    assert result.returncode == 3
    assert result.stdout == "bash \nurl=[]\n"


@pytest.mark.parametrize("tool", ["wget", "python3"])
def test_a_machine_without_curl_fetches_with_what_it_has(tmp_path: Path, tool: str) -> None:
    """wget takes no file URLs: a stand-in takes the very options of the script."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("sh", "mktemp", "rm", "chmod", "cp"):
        found = shutil.which(name, path=PATH)
        assert found is not None
        (bin_ / name).symlink_to(found)
    if tool == "python3":
        (bin_ / "python3").symlink_to(Path(sys.executable).resolve())
    else:
        fake = '#!/bin/sh\n[ "$1 $2 $4" = "--quiet --tries=5 --input-file=-" ] || exit 9\nread -r url\n'
        (bin_ / "wget").write_text(fake + 'cp "${url#file://}" "${3#--output-document=}"\n')
        (bin_ / "wget").chmod(0o755)
    url = served(tmp_path, b"#!/bin/sh\necho fetched\n")

    result = run(shell.fetched_script(), tmp_path, path=str(bin_), KILN_ARTIFACT_URL=url)

    assert (result.returncode, result.stdout) == (0, "fetched\n"), result.stdout


@pytest.mark.parametrize(
    "script",
    [
        shell.inline_script(("true",)),
        shell.fetched_script(),
        files.linux_file("/etc/motd"),
        restart.linux_mark(),
        restart.linux_check(""),
        restart.linux_check("test -e '/etc/motd'"),
        optimize.linux_boot(),
        generalize.linux_generalize(),
    ],
)
def test_every_script_is_valid_posix_shell(script: str) -> None:
    result = subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=False, capture_output=True)

    assert result.returncode == 0, result.stderr


def test_that_check_can_fail() -> None:
    result = subprocess.run(["/bin/sh", "-n"], input="if true; then\n", text=True, check=False, capture_output=True)

    assert result.returncode != 0
