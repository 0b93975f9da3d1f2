"""The `kiln` command line: the names, arguments and help of its commands.

Each command's work is in a module of its own, which is loaded when the command is used.
"""

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.automation import add_automation
from kiln.cli.checkout_commands import add_checkout_commands
from kiln.cli.plugins import add_plugins, installed
from kiln.cli.session import Session, command

app = typer.Typer(
    name="kiln",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

File = Annotated[Path, typer.Argument(help="The image template, a JSON file.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The template's name.", show_default=False)]
Named = Annotated[
    str | None, typer.Option("--name", "-n", help="The template's name; otherwise the file's.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter of an ARM template.", show_default=False),
]
Parameters = Annotated[
    Path | None, typer.Option("--parameters", metavar="FILE", help="An ARM parameter file.", show_default=False)
]
Resource = Annotated[
    str | None,
    typer.Option(
        "--resource", metavar="NAME", help="The image template, if an ARM template has several.", show_default=False
    ),
]
Location = Annotated[
    str | None,
    typer.Option("--location", metavar="REGION", help="The value of resourceGroup().location.", show_default=False),
]
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


# Imports are inside the functions to keep `kiln --help` quick: the Azure SDK, pydantic and rich are slow to load.
@app.command()
@command
def build(
    session: Session,
    file: File,
    name: Named = None,
    values: Set = None,
    parameters: Parameters = None,
    resource: Resource = None,
    location: Location = None,
) -> int:
    """Submit a template, run it, and follow the build to its end.

    Exit code: 0 succeeded, 1 failed, 2 the template or the command line is wrong, 3 partially succeeded,
    4 canceled, 5 the API cannot be reached, 130 interrupted (the build continues).
    """
    from kiln.cli.commands.build import build as run
    from kiln.cli.template_file import ArmOptions

    return run(session, file, name, ArmOptions(tuple(values or ()), parameters, resource, location))


@app.command()
@command
def plan(
    session: Session,
    file: File,
    name: Named = None,
    values: Set = None,
    parameters: Parameters = None,
    resource: Resource = None,
    location: Location = None,
    scripts: Annotated[bool, typer.Option("--scripts", help="Print each step's script, too.")] = False,  # noqa: FBT002  # typer
    as_json: Json = False,  # noqa: FBT002  # typer
) -> int:
    """Print what a build would do, without sending anything."""
    from kiln.cli.commands.plan import plan as run
    from kiln.cli.template_file import ArmOptions

    options = ArmOptions(tuple(values or ()), parameters, resource, location)
    return run(session, file, name, options, scripts=scripts, as_json=as_json)


@app.command()
@command
def validate(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            help="An image template, a trigger, an ARM template with image templates in it, or, with --patch, the "
            "body of a PATCH.",
            show_default=False,
        ),
    ],
    api_version: Annotated[
        str | None,
        typer.Option(
            "--api-version",
            metavar="DATE",
            help="The api-version to check it against; otherwise the ARM resource's own, or the latest.",
            show_default=False,
        ),
    ] = None,
    values: Set = None,
    parameters: Parameters = None,
    location: Location = None,
    patch: Annotated[bool, typer.Option("--patch", help="Check the body of a PATCH of a template.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Check a template without sending it, and print every problem with its place in the file.

    Exit code: 0 valid, 1 not valid, 2 not JSON, not a template, or an api-version that is not supported.
    """
    from kiln.cli.commands.validate import validate as run
    from kiln.cli.template_file import ArmOptions

    return run(session, file, api_version, ArmOptions(tuple(values or ()), parameters, None, location), patch=patch)


@app.command()
@command
def schema(
    session: Session,  # noqa: ARG001 - every command has one
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the schema to this file.", show_default="standard output")
    ] = None,
    trigger: Annotated[bool, typer.Option("--trigger", help="Print the schema of triggers.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print the JSON Schema of image templates, with which an editor completes and checks them."""
    from kiln.cli.commands.schema import schema as run

    return run(out, trigger=trigger)


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


add_automation(app)
add_plugins(app, plugins := installed())
add_checkout_commands(app, plugins.names)


def main() -> None:
    """Run the command line and exit with its code."""
    app()
