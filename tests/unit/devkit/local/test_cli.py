"""The options of `kiln local up` are those that docs/local-azure.md lists, with their variables and defaults."""

from __future__ import annotations

import re

import typer.main

from devkit.local.cli import app
from tests.unit.project.files import read

ROW = re.compile(r"^\| `(--[a-z-]+)` \| `(KILN_LOCAL_\w+)` \| `([^`]*)`", re.MULTILINE)


def test_the_documented_variables_are_those_of_kiln_local_up() -> None:
    command = typer.main.get_group(app).commands["up"]
    options = {
        (option.opts[0], str(option.envvar)): getattr(option.default, "value", option.default)
        for option in command.params
        if option.envvar
    }
    documented = {(name, variable): default for name, variable, default in ROW.findall(read("docs/local-azure.md"))}

    assert documented.keys() == options.keys()
    assert {key: default for key, default in documented.items() if key[0] != "--data"} == {
        key: str(default) for key, default in options.items() if key[0] != "--data"
    }
