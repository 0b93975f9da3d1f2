from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SLOW = ("azure.mgmt", "azure.core", "azure.identity", "httpx", "pydantic", "requests")


def test_importing_the_command_line_loads_none_of_the_slow_packages() -> None:
    code = (
        "import importlib.metadata as metadata, json, sys; metadata.entry_points = lambda **_: metadata.EntryPoints();"
        "import kiln.cli.main; print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)

    assert [name for name in loaded if name.startswith(SLOW)] == []


@pytest.mark.parametrize("command", ["build", "plan", "list", "show", "logs", "cancel", "delete", "download", "import"])
def test_every_command_has_help_with_the_common_options(command: str) -> None:
    from typer.testing import CliRunner

    from kiln.cli.main import app

    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert result.exit_code == 0
    for option in ("--subscription", "--resource-group", "--endpoint", "--scope", "--ca-file"):
        assert option in result.stdout


def test_the_version_is_that_of_the_project() -> None:
    from typer.testing import CliRunner

    from kiln.cli.main import app

    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.stdout) == (0, f"kiln {project['version']}\n")
