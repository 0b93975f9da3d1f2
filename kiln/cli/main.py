"""The `kiln` command line: the names, arguments and help of its commands.

Each command's work is in a module of its own, which is loaded when the command is used. Commands about a file are in
file_commands.py, those for what Kiln does by itself in automation.py.
"""

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.automation import add_automation
from kiln.cli.checkout_commands import add_checkout_commands
from kiln.cli.file_commands import add_file_commands
from kiln.cli.import_command import add_import
from kiln.cli.plugins import add_plugins, installed
from kiln.cli.session import Session, command

app = typer.Typer(
    name="kiln",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="The template's name.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer
    if wanted:
        typer.echo(f"kiln {importlib.metadata.version('kiln')}")
        raise typer.Exit


@app.callback()
def kiln(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Build golden VM images for Azure from Azure VM Image Builder templates."""


add_file_commands(app)


# Imports are inside the functions to keep `kiln --help` quick: the Azure SDK, pydantic and rich are slow to load.
@app.command("list")
@command
def list_(session: Session) -> int:
    """List the templates of the resource group, each with its last run."""
    from kiln.cli.commands.show import list_templates

    return list_templates(session)


@app.command()
@command
def show(session: Session, name: Name, as_json: Json = False) -> int:  # noqa: FBT002  # typer
    """Show a template, the phases of its last run, and its outputs."""
    from kiln.cli.commands.show import show as run

    return run(session, name, as_json=as_json)


@app.command()
@command
def logs(
    session: Session,
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing until the run is over.")] = False,  # noqa: FBT002  # typer
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="The run's id; otherwise the latest.", show_default=False)
    ] = None,
    validation: Annotated[bool, typer.Option("--validation", help="Print the output of the validators.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print the output of a run's customizers, or of its validators."""
    from kiln.cli.commands.show import logs as run

    return run(session, name, run_id, keep_on=follow, which="validation" if validation else "customization")


@app.command()
@command
def retry(
    session: Session,
    name: Name,
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="The run to retry; otherwise the latest.", show_default=False),
    ] = None,
) -> int:
    """Retry a run: build the same again, starting from what that run made, and follow it to its end.

    If the run has made an image already, only the targets that failed are done again. The exit codes are those of
    `kiln build`.
    """
    from kiln.cli.commands.build import retry as run

    return run(session, name, run_id)


@app.command()
@command
def cancel(
    session: Session,
    name: Name,
    wait: Annotated[bool, typer.Option(help="Wait until the run has cleaned up after itself.")] = True,  # noqa: FBT002  # typer
) -> int:
    """Cancel the run that is under way."""
    from kiln.cli.commands.cancel import cancel as run

    return run(session, name, wait=wait)


@app.command()
@command
def delete(
    session: Session,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Delete a template, and its staging resource group with all that is in it."""
    from kiln.cli.commands.cancel import delete as run

    return run(session, name, agreed=yes)


@app.command()
@command
def download(
    session: Session,
    name: Name,
    run_output: Annotated[
        str | None,
        typer.Argument(help="The run output to download, if the template has several VHDs.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file or folder to write to.", show_default="RUN_OUTPUT.vhd"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Download a VHD as a sparse file, and print its SHA-256."""
    from kiln.cli.commands.download import download as run

    return run(session, name, run_output, output, force=force)


add_import(app)
add_automation(app)
add_plugins(app, plugins := installed())
add_checkout_commands(app, plugins.names)


def main() -> None:
    """Run the command line and exit with its code."""
    app()
