from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kiln.planner import scripts

if TYPE_CHECKING:
    from pathlib import Path


def run(script: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "script.sh"
    path.write_text(script)
    path.chmod(0o755)
    return subprocess.run(
        ["/bin/bash", "-c", str(path)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
    )


def served(tmp_path: Path, content: bytes) -> str:
    source = tmp_path / "served"
    source.write_bytes(content)
    return source.as_uri()


def test_inline_stops_at_the_first_failing_line_as_aib_does(tmp_path: Path) -> None:
    result = run(scripts.inline_script(("echo one", "false", "echo two")), tmp_path)

    assert result.returncode == 1
    assert result.stdout == "one\n"


def test_both_streams_are_one_and_in_order(tmp_path: Path) -> None:
    result = run(scripts.inline_script(("echo out", "echo err >&2", "echo out again")), tmp_path)

    assert result.stdout == "out\nerr\nout again\n"
    assert result.stderr == ""


def test_a_file_lands_at_its_destination_in_a_directory_that_is_made(tmp_path: Path) -> None:
    destination = tmp_path / "a new" / "directory" / "it's here"
    url = served(tmp_path, b"content\n")

    result = run(scripts.file_script(str(destination)), tmp_path, KILN_ARTIFACT_URL=url)

    assert result.returncode == 0, result.stdout
    assert destination.read_bytes() == b"content\n"
    assert list(destination.parent.iterdir()) == [destination]


def test_a_file_that_cannot_be_fetched_leaves_nothing(tmp_path: Path) -> None:
    destination = tmp_path / "directory" / "file"

    result = run(scripts.file_script(str(destination)), tmp_path, KILN_ARTIFACT_URL="file:///does/not/exist")

    assert result.returncode != 0
    assert not destination.exists()


def test_a_fetched_script_runs_as_itself_and_does_not_see_the_signed_url(tmp_path: Path) -> None:
    script = [b"#!/bin/bash", b'echo "bash $BASH_VERSION" | cut -c1-5', b'echo "url=[$KILN_ARTIFACT_URL]"', b"exit 3"]
    url = served(tmp_path, b"\n".join(script))

    result = run(scripts.fetched_script(), tmp_path, KILN_ARTIFACT_URL=url)

    assert result.returncode == 3
    assert result.stdout == "bash \nurl=[]\n"


@pytest.mark.parametrize(
    "script",
    [
        scripts.inline_script(("true",)),
        scripts.fetched_script(),
        scripts.file_script("/etc/motd"),
        scripts.generalize_script(),
    ],
)
def test_every_script_is_valid_posix_shell(script: str) -> None:
    result = subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=False, capture_output=True)

    assert result.returncode == 0, result.stderr


def test_deprovisioning_is_scheduled_outside_of_run_command_and_powers_off_only_after_success() -> None:
    script = scripts.generalize_script()

    assert "systemd-run --unit=kiln-generalize" in script
    assert "waagent -force -deprovision+user" in script
    assert "&& rm -f /run/kiln-generalize.sh && systemctl poweroff" in script
