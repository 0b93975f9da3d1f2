"""The name, the arguments and the help of `kiln import`, as main.py has them of other commands.

Its --subscription and --resource-group say what is read from Azure, so they have no defaults, unlike the common ones.
"""

from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.session import Session, command

AZURE = "Azure"


def import_(
    session: Session,
    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            "-s",
            envvar="KILN_SUBSCRIPTION",
            help="The id of the subscription whose templates are read.",
            rich_help_panel=AZURE,
            show_default=False,
        ),
    ] = None,
    resource_group: Annotated[
        str | None,
        typer.Option(
            "--resource-group",
            "-g",
            envvar="KILN_RESOURCE_GROUP",
            help="The resource group whose templates are read; otherwise all of the subscription.",
            rich_help_panel=AZURE,
            show_default=False,
        ),
    ] = None,
    template_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="ID",
            help="The ARM id of the one template to read, instead of these two.",
            rich_help_panel=AZURE,
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FOLDER",
            help="Write each template to a file NAME.json in this folder, secrets and all.",
            show_default=False,
        ),
    ] = None,
    submit: Annotated[bool, typer.Option("--submit", help="Submit the templates and their triggers to Kiln.")] = False,  # noqa: FBT002  # typer
    force: Annotated[bool, typer.Option("--force", help="Replace files, or templates of Kiln's, that differ.")] = False,  # noqa: FBT002  # typer
    arm_endpoint: Annotated[
        str,
        typer.Option(
            envvar="KILN_ARM_ENDPOINT",
            help="The address of Azure Resource Manager. KILN_ARM_TOKEN signs in there, otherwise Azure's default "
            "credential.",
            rich_help_panel=AZURE,
        ),
    ] = "https://management.azure.com",
    arm_scope: Annotated[
        str | None,
        typer.Option(
            envvar="KILN_ARM_SCOPE",
            help="The scope of the token for Azure Resource Manager.",
            rich_help_panel=AZURE,
            show_default="ARM-ENDPOINT/.default",
        ),
    ] = None,
) -> int:
    """Read Image Builder's own templates from Azure, and print what differs in Kiln; write or submit them if asked to.

    Exit code: 0 all templates can be built by Kiln and were taken, 1 none, 2 the command line is wrong, 3 some,
    5 Azure or the API cannot be reached.
    """
    from kiln.cli.commands.migrate import Options, import_templates

    options = Options(arm_endpoint, arm_scope, subscription, resource_group, template_id, to, submit, force)
    return import_templates(session, options)


def add_import(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(command(import_))
