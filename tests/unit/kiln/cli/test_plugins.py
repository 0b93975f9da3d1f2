from __future__ import annotations

from importlib.metadata import EntryPoint

import typer
from typer.testing import CliRunner

from kiln.cli.plugins import GROUP, add_plugins

extra = typer.Typer()
not_an_app = "text"


@extra.command()
def up() -> None:
    typer.echo("up it is")


@extra.command()
def down() -> None:
    typer.echo("down it is")


def app_with(*values: str) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def own() -> None:
        typer.echo("own")

    add_plugins(app, [EntryPoint(name=f"p{index}", value=value, group=GROUP) for index, value in enumerate(values)])
    return app


def test_a_plugin_is_a_group_of_commands() -> None:
    result = CliRunner().invoke(app_with(f"{__name__}:extra"), ["p0", "up"])

    assert result.stdout == "up it is\n"


def test_a_plugin_that_cannot_be_imported_is_named_and_the_others_still_work() -> None:
    app = app_with("no.such.module:app", f"{__name__}:extra")

    broken = CliRunner().invoke(app, ["p0", "up", "--port", "1"])

    assert broken.exit_code == 1
    assert "The commands 'p0' (no.such.module:app) cannot be loaded: ModuleNotFoundError" in broken.stderr
    assert CliRunner().invoke(app, ["p1", "down"]).exit_code == 0
    assert CliRunner().invoke(app, ["own"]).exit_code == 0
    assert "cannot be loaded" in CliRunner().invoke(app, ["--help"]).stdout


def test_a_plugin_that_is_no_app_is_named() -> None:
    broken = CliRunner().invoke(app_with(f"{__name__}:not_an_app"), ["p0"])

    assert broken.exit_code == 1
    assert "it is a str, not a typer app" in broken.stderr
