"""The commands about a template's file: `kiln build`, `kiln plan`, `kiln validate`, and `kiln schema` of such files.

It owns their names, arguments and help, as main.py does for all other commands.
"""

from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.session import Session, command

File = Annotated[Path, typer.Argument(help="The image template: JSON, an ARM template, or Bicep.", show_default=False)]
Named = Annotated[
    str | None, typer.Option("--name", "-n", help="The template's name; otherwise the file's.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter of an ARM template.", show_default=False),
]
Parameters = Annotated[
    Path | None,
    typer.Option("--parameters", metavar="FILE", help="A parameter file: ARM's JSON, or Bicep's.", show_default=False),
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


# Imports are inside the functions to keep `kiln --help` quick: the Azure SDK, pydantic and rich are slow to load.
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


def validate(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            help="An image template, a trigger, an ARM template or a Bicep file with image templates in it, or, with "
            "--patch, the body of a PATCH.",
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


def add_file_commands(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for each in (build, plan, validate, schema):
        app.command()(command(each))
