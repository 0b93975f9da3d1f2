"""Scripts for Windows, not run here: PowerShell's grammar reads them, and people in tests/golden/plans/windows."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.planner.scripts import artifact_parameter, files, generalize, optimize, powershell, restart, updates
from tests.golden import assert_golden
from tests.unit.kiln.planner.scripts.hostile import CANARY, HOSTILE
from tests.unit.kiln.planner.scripts.powershell_syntax import commands, wrong_places

FILTERS = ("exclude:$_.Title -like '*Preview*'", "include:$true")
SCRIPTS = {
    "inline": powershell.inline_script(("Write-Output 'hello'", "exit 3"), powershell.BUILDER),
    "inline-system": powershell.inline_script(("Write-Output 'hello'",), powershell.SYSTEM),
    "fetched": powershell.fetched_script(powershell.SYSTEM),
    "file": files.windows_file("C:\\example\\settings.ini"),
    "restart-mark": restart.windows_mark(),
    "restart-trigger": restart.windows_trigger('shutdown /r /f /t 0 /c "by hand"'),
    "restart-check": restart.windows_check("if not exist C:\\example exit 1"),
    "restart-check-default": restart.windows_check(""),
    "updates": updates.install_script(criteria="IsInstalled=0", filters=FILTERS, limit=40),
    "updates-default": updates.install_script(criteria="", filters=(), limit=0),
    "optimize": optimize.windows_boot(),
    "generalize": generalize.windows_generalize(),
}
JOB = "\n".join(line.replace("''", "'") for line in re.findall(r"^  '(.*)',?$", SCRIPTS["generalize"], re.MULTILINE))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_the_one_that_was_reviewed(name: str) -> None:
    assert_golden(f"plans/windows/{name}.ps1", SCRIPTS[name])


@pytest.mark.parametrize("script", [*SCRIPTS.values(), JOB], ids=[*SCRIPTS, "generalize's job"])
def test_every_script_is_powershell(script: str) -> None:
    assert script.isascii()
    assert wrong_places(script) == []
    assert commands(script)


@pytest.mark.parametrize(
    "broken", ["if ($a) {", "$a = 'open", "if ($a { }", "}", "$a = @('x' 'y' = )", "$a = (1", "foreach ($a $b) { }"]
)
def test_that_check_can_fail(broken: str) -> None:
    assert wrong_places(f"{SCRIPTS['restart-mark']}{broken}\n")


@pytest.mark.parametrize("name", ["inline", "inline-system", "fetched"])
def test_no_exit_code_of_a_users_script_means_that_it_still_runs(name: str) -> None:
    """Task Scheduler's 267009, 267011 and 267045 mean running, not run yet and queued; its state says so, too."""
    loop = re.search(r"do \{(.*?)\} while \((.*?)\)", SCRIPTS[name], re.DOTALL)
    assert loop is not None
    assert loop[2] == "$over -lt 2"
    assert "LastTaskResult" not in loop[1]
    assert "$state -in 'Queued', 'Running' -or $task.LastRunTime.Year -lt 2000" in loop[1]


def test_a_script_that_takes_an_artifact_begins_with_its_parameter() -> None:
    """Windows passes the artifact as `-name value`, and only the first statement can declare that."""
    for name, script in SCRIPTS.items():
        assert script.startswith("param([string] $KILN_ARTIFACT_URL)\n") is (name in {"fetched", "file"})


def test_a_url_has_nothing_that_a_command_line_of_windows_would_take_for_its_own() -> None:
    url = "https://a.blob.core.windows.net/c/x?sv=1&sig=a%2Bb%3D"

    assert artifact_parameter(url, "Linux") == url
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", artifact_parameter(url, "Windows"))
    assert base64.b64decode(artifact_parameter(url, "Windows")).decode() == url


def test_only_the_last_script_speaks_of_generalizing() -> None:
    assert [name for name, script in SCRIPTS.items() if "sysprep" in script.lower()] == ["generalize"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["inline", "file", "trigger", "check", "criteria", "filter"])
def test_what_a_template_says_is_data_in_every_script(kind: str, text: str) -> None:
    def script(given: str) -> str:
        match kind:
            case "inline":
                return powershell.inline_script((given, "exit 0"), powershell.BUILDER)
            case "file":
                return files.windows_file(given)
            case "trigger":
                return restart.windows_trigger(given)
            case "check":
                return restart.windows_check(given)
            case "criteria":
                return updates.install_script(criteria=given, filters=(), limit=0)
            case _:
                return updates.install_script(criteria="", filters=(f"include:{given}",), limit=0)

    assert script(text).isascii()
    assert wrong_places(script(text)) == []
    assert commands(script(text)) == commands(script("harmless"))


def test_that_check_can_fail_too() -> None:
    unquoted = SCRIPTS["file"].replace("'C:\\example\\settings.ini'", f"'x'); New-Item {CANARY}; ('")

    assert commands(unquoted) != commands(SCRIPTS["file"])


@given(st.text())
def test_a_literal_is_the_text_it_stands_for(text: str) -> None:
    assert value_of(powershell.literal(text)) == text


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_stays_readable(text: str) -> None:
    assert powershell.literal(text) == "'" + text.replace("'", "''") + "'"


def value_of(literal: str) -> str:
    """Return the text that PowerShell makes of a literal: a verbatim string, or one in base64."""
    coded = re.fullmatch(r"\[Text\.Encoding\]::UTF8\.GetString\(\[Convert\]::FromBase64String\('([^']*)'\)\)", literal)
    if coded:
        return base64.b64decode(coded[1]).decode()
    assert re.fullmatch(r"'([ -&(-~]|'')*'", literal)
    return literal[1:-1].replace("''", "'")
