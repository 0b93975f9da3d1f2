from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.kiln.cli.command_line import EXAMPLE, ROOT, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path

FORMS = (
    "data-disks",
    "error-handling",
    "linux-restart",
    "managed-image",
    "optimize",
    "own-staging-group",
    "own-subnet",
    "shallow",
    "source-validation",
    "validate",
    "vhd-custom-uri",
    "windows",
)
"""Examples whose plans look different from one another."""


def changed(folder: Path, **properties: Any) -> str:
    """The example with some properties changed, as a file."""
    body = json.loads((ROOT / "examples" / "hello-linux.json").read_text())
    body["properties"].update(properties)
    file = folder / "changed.json"
    file.write_text(json.dumps(body))
    return str(file)


def test_plan_is_a_tree_made_offline() -> None:
    kiln = FakeKiln()

    result = run("plan", EXAMPLE, kiln=kiln)

    assert kiln.calls == []
    assert_screen("plan", result.output)


@pytest.mark.parametrize("name", FORMS)
def test_plans_of_every_kind_have_their_screen(name: str) -> None:
    result = run("plan", str(ROOT / "examples" / f"{name}.json"), kiln=FakeKiln())

    assert result.exit_code == 0
    assert_screen(f"plan-{name}", result.output)


def test_plan_json_is_the_whole_plan() -> None:
    plan = json.loads(run("plan", EXAMPLE, "--json", "-g", "other", kiln=FakeKiln()).stdout)

    assert plan["run"]["template"]["group"] == "other"
    assert len(plan["steps"]) == 2


@pytest.mark.parametrize(
    ("example", "text"),
    [
        ("hello-linux", "> /etc/kiln-release"),
        ("linux-restart", "/proc/sys/kernel/random/boot_id"),
        ("windows", "Microsoft.Update.Session"),
        ("windows", "KilnBoot"),
        ("optimize", "fstrim"),
    ],
)
def test_plan_scripts_shows_what_will_run(example: str, text: str) -> None:
    file = str(ROOT / "examples" / f"{example}.json")

    assert text in run("plan", file, "--scripts", kiln=FakeKiln()).output
    assert text not in run("plan", file, kiln=FakeKiln()).output


def test_a_template_that_contradicts_itself_has_no_plan(tmp_path: Path) -> None:
    both = [{"type": "Shell", "inline": ["true"]}, {"type": "PowerShell", "inline": ["exit 0"]}]

    result = run("plan", changed(tmp_path, customize=both), kiln=FakeKiln())

    assert result.exit_code == 2
    assert "properties.customize[1].type: the customizer type PowerShell is for Windows" in result.stderr.replace(
        "\n", " "
    )
    assert "Use Shell for Linux." in result.stderr.replace("\n", " ")


def test_a_template_that_names_what_cannot_be_has_no_plan(tmp_path: Path) -> None:
    result = run("plan", changed(tmp_path, stagingResourceGroup="mine"), kiln=FakeKiln())

    assert result.exit_code == 2
    assert "properties.stagingResourceGroup" in result.stderr


def test_no_signature_is_on_the_screen(tmp_path: Path) -> None:
    signed = [{"type": "Shell", "scriptUri": "https://a.blob.core.windows.net/c/x.sh?sv=1&sig=secret"}]

    output = run("plan", changed(tmp_path, customize=signed), kiln=FakeKiln()).output

    assert "secret" not in output
    assert "https://a.blob.core.windows.net/c/x.sh for properties" in output.replace("\n", "")
