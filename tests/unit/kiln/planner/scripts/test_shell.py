from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiln.planner.scripts import files, generalize, optimize, restart, shell
from tests.unit.kiln.planner.scripts.guest import PATH, Ended, run, served


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


WINDOWS_LINES = (
    ("#!/bin/sh -e\r\necho one\r\nfor word in a b; do\r\necho $word\r\ndone\r\nexit 3\r", 3, "one\na\nb\n"),
    ("#!/usr/bin/env python3\r\nif True:\r\n  print('one')\r\nprint('two')\r\n", 0, "one\ntwo\n"),
    ("#!/usr/bin/perl\r\nprint <<'END';\r\none\r\nEND\r\n", 0, "one\n"),
    ("printf '[%s]' 'a\rb' 'c\r\r\nd'\r\n", 0, "[a\rb][c\r\nd]"),
    ("printf %s 'a\nb'", 0, "a\nb"),
    ("", 0, ""),
)


@pytest.mark.parametrize(("content", "code", "said"), WINDOWS_LINES)
def test_a_fetched_script_of_windows_lines_runs(tmp_path: Path, content: str, code: int, said: str) -> None:
    url = served(tmp_path, content.encode())

    result = run(shell.fetched_script(), tmp_path, KILN_ARTIFACT_URL=url)

    assert (result.returncode, result.stdout) == (code, said)
    assert (tmp_path / "served").read_bytes() == content.encode()


def test_a_program_and_what_is_packed_behind_a_script_run_as_they_are(tmp_path: Path) -> None:
    packed = b"\0\r\n\xff\r\nend"
    script = b'#!/bin/sh\ntail -c 9 "$0" | od -An -tx1\nexit 0\n' + packed

    result = run(shell.fetched_script(), tmp_path, KILN_ARTIFACT_URL=served(tmp_path, script))

    assert bytes.fromhex(result.stdout) == packed
    url = served(tmp_path, Path("/bin/true").resolve().read_bytes())
    program = run(shell.fetched_script(), tmp_path, KILN_ARTIFACT_URL=url)
    assert (program.returncode, program.stdout) == (0, "")


@pytest.mark.parametrize(
    "lines", [("for word in a b; do\r", "echo $word\r", "done\r"), ("for word in a b; do\r\necho $word\r\ndone",)]
)
def test_inline_lines_of_windows_run(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert run(shell.inline_script(lines), tmp_path).stdout == "a\nb\n"


def test_a_carriage_return_within_an_inline_line_stays(tmp_path: Path) -> None:
    result = run(shell.inline_script(("printf '[%s]' 'a\rb' 'c\r\r\nd'\r",)), tmp_path)

    assert result.stdout == "[a\rb][c\r\nd]"


MOUNT = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def can_mount() -> bool:
    """Whether a test may mount something for itself alone."""
    found = shutil.which("unshare")
    return found is not None and subprocess.run([*MOUNT, "true"], check=False, capture_output=True).returncode == 0


mounts = pytest.mark.skipif(not can_mount(), reason="this machine lets a test mount nothing")


def run_without_exec(script: str, folder: Path, noexec: tuple[Path, ...], url: str) -> Ended:
    """Run a script where those folders are mounted with noexec."""
    steps = [f"mount -t tmpfs -o noexec tmpfs {shlex.quote(str(place))}\n" for place in noexec]
    file = folder / "script.sh"
    file.write_text(script)
    file.chmod(0o755)
    result = subprocess.run(
        [*MOUNT, "/bin/sh", "-ec", f"{''.join(steps)}exec {shlex.quote(str(file))}"],
        check=False,
        capture_output=True,
        cwd=folder,
        env={"PATH": PATH, "KILN_ARTIFACT_URL": url},
    )
    return Ended(result.returncode, result.stdout.decode(), result.stderr.decode())


def in_folders(folder: Path) -> tuple[str, tuple[Path, ...]]:
    """Return the script of a `scriptUri` with folders of the test's own, and these."""
    script, places = shell.fetched_script(), []
    for place in shell.SCRIPT_FOLDERS:
        places.append(folder / place.replace("/", "-"))
        places[-1].mkdir()
        script = script.replace(f" {place} ", f" {places[-1]} ")
    return script, tuple(places)


@mounts
@pytest.mark.parametrize("noexec", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("#!/bin/bash", 'echo "${0%/*} $BASH_VERSION" | cut -d" " -f1'),
        ("#!/usr/bin/env python3", "import os, sys; print(os.path.dirname(sys.argv[0]))"),
        ("#!/usr/bin/perl -w", 'print $0 =~ s{/[^/]*$}{}r, "\\n"'),
        ("", 'exec sh -c \'echo "${0%/*}"\' "$0"'),
    ],
)
def test_a_fetched_script_runs_where_folders_are_mounted_with_noexec(
    tmp_path: Path, noexec: int, head: str, body: str
) -> None:
    script, places = in_folders(tmp_path)
    content = f"{head}\n{body}\n" if head else f"{body}\n"
    url = served(tmp_path, content.encode())

    result = run_without_exec(script, tmp_path, places[:noexec], url)

    assert (result.returncode, result.stdout, result.stderr) == (0, f"{(*places, tmp_path)[noexec]}\n", "")
    assert not [left for place in (*places, tmp_path) for left in place.glob("kiln-script*")]


@mounts
def test_a_machine_that_executes_nothing_says_so(tmp_path: Path) -> None:
    script, places = in_folders(tmp_path)
    script = script.replace('"${0%/*}"', "/no/such/folder")

    result = run_without_exec(script, tmp_path, places, served(tmp_path, b"exit 0\n"))

    assert result.returncode == 126
    assert "lets a script be executed" in result.stdout
    assert "mounted with noexec" in result.stdout


@pytest.mark.parametrize("tool", ["wget", "python3"])
def test_a_machine_without_curl_fetches_with_what_it_has(tmp_path: Path, tool: str) -> None:
    """wget takes no file URLs: a stand-in takes the very options of the script."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("sh", "mktemp", "rm", "chmod", "cp", "tr", "wc", "sed"):
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
