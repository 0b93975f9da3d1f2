from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from kiln.cli.checkout_commands import FROM_THE_REPOSITORY, add_checkout_commands


def app_with(*present: str) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def own() -> None:
        typer.echo("own")

    @app.command()
    def other() -> None:
        typer.echo("other")

    add_checkout_commands(app, present)
    return app


@pytest.mark.parametrize("arguments", [[], ["up"], ["up", "--guests", "scripted"], ["--help"]])
def test_an_installed_kiln_says_where_local_is(arguments: list[str]) -> None:
    result = CliRunner().invoke(app_with(), ["local", *arguments])

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: `kiln local` needs a checkout of Kiln's repository")
    assert "make setup" in result.stderr


def test_help_says_that_local_is_not_installed() -> None:
    assert "not available here" in " ".join(CliRunner().invoke(app_with(), ["--help"]).stdout.split())


def test_a_checkout_has_its_own_local() -> None:
    result = CliRunner().invoke(app_with(*FROM_THE_REPOSITORY), ["local", "up"])

    assert "No such command 'local'" in result.stderr
