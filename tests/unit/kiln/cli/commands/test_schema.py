from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kiln.template.schema import template_schema, trigger_schema
from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path


def test_the_schema_is_printed_as_json() -> None:
    result = run("schema", kiln=FakeKiln())

    assert result.exit_code == 0
    assert json.loads(result.output) == template_schema()


def test_the_schema_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"

    result = run("schema", "--out", str(file), kiln=FakeKiln())

    assert result.exit_code == 0
    assert str(file) in result.output
    assert json.loads(file.read_text()) == template_schema()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = run("schema", "--out", str(tmp_path / "none" / "schema.json"), kiln=FakeKiln())

    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.output


def test_triggers_have_a_schema_of_their_own() -> None:
    assert json.loads(run("schema", "--trigger", kiln=FakeKiln()).output) == trigger_schema()
