"""`kiln schema`: print the JSON Schema of the template language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from kiln.cli.faults import ExitCode, Failure
from kiln.cli.screens.console import stdout
from kiln.template.schema import template_schema, trigger_schema

if TYPE_CHECKING:
    from pathlib import Path


def schema(out: Path | None, *, trigger: bool) -> ExitCode:
    """Print the JSON Schema of image templates, or of triggers, or write it to `out`."""
    text = json.dumps(trigger_schema() if trigger else template_schema(), indent=2)
    if out is None:
        typer.echo(text)
        return ExitCode.SUCCESS
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{out} cannot be written: {error.strerror}.") from error
    hint = "" if trigger else f' An editor finds it if a template begins with "$schema": "{out}"'
    stdout().print(f"Wrote {out}.{hint}")
    return ExitCode.SUCCESS
