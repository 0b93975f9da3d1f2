"""The common options of all commands, declared once and added to each command's own.

It makes options into a `Session` and a `Failure` into an exit code; it knows no command.
"""

import functools
import inspect
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from kiln.cli.environment import Environment
from kiln.cli.faults import Failure
from kiln.cli.settings import ENDPOINT, RESOURCE_GROUP, SCOPE, SUBSCRIPTION, TOKEN, Settings, environment
from kiln.cli.trust import Trust

PANEL = "Connection"


@dataclass(frozen=True)
class Session:
    """Everything that a command needs besides its own arguments."""

    settings: Settings
    environment: Environment


def open_session(
    context: typer.Context,
    subscription: Annotated[
        str,
        typer.Option(
            "--subscription", "-s", envvar="KILN_SUBSCRIPTION", help="The subscription's id.", rich_help_panel=PANEL
        ),
    ] = SUBSCRIPTION,
    resource_group: Annotated[
        str,
        typer.Option(
            "--resource-group",
            "-g",
            envvar="KILN_RESOURCE_GROUP",
            help="The resource group of the templates.",
            rich_help_panel=PANEL,
        ),
    ] = RESOURCE_GROUP,
    endpoint: Annotated[
        str,
        typer.Option(
            envvar="KILN_ENDPOINT",
            help="The URL of Kiln's API. KILN_TOKEN signs in; without it you sign in to your own local Kiln as "
            "yourself, and to any other Kiln with Azure's default credential. No token is ever sent over plain http.",
            rich_help_panel=PANEL,
        ),
    ] = ENDPOINT,
    scope: Annotated[
        str,
        typer.Option(
            envvar="KILN_SCOPE",
            help="The scope of the token that Azure's default credential gets.",
            rich_help_panel=PANEL,
        ),
    ] = SCOPE,
    ca_file: Annotated[
        str | None,
        typer.Option(
            help="A PEM file with the certificate authorities to trust; otherwise the one that KILN_CA_FILE, "
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names.",
            rich_help_panel=PANEL,
        ),
    ] = None,
) -> Session:
    """Return the session that the common options describe. Raises `UsageFailure` for options that are not valid."""
    settings = Settings(
        endpoint=endpoint.rstrip("/"),
        subscription=subscription,
        resource_group=resource_group,
        scope=scope,
        trust=Trust.read(ca_file, environment()),
        token=environment().get(TOKEN) or None,
        options=_typed(context),
    )
    return Session(
        settings=settings, environment=context.obj if isinstance(context.obj, Environment) else Environment()
    )


def _typed(context: typer.Context) -> str:
    """Return the common options that were typed, without those from the environment or by default."""
    names = (name for name in inspect.signature(open_session).parameters if name in context.params)
    sources = {name: context.get_parameter_source(name) for name in names}
    typed = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return "".join(f" --{name.replace('_', '-')} {shlex.quote(str(context.params[name]))}" for name in typed)


def command(function: Callable[..., int]) -> Callable[..., None]:
    """Replace a command's first parameter, its `Session`, by the common options.

    An option that the command has under the same name takes the common one's place, whose default then is in the
    session. The command returns its exit code. A `Failure` is shown, and has an exit code of its own.
    """
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    names = {parameter.name for parameter in own}
    all_common = inspect.signature(open_session, eval_str=True).parameters
    common = {name: parameter for name, parameter in all_common.items() if name not in names}

    @functools.wraps(function)
    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in common}
        try:
            code = function(open_session(**options), **given)
        except Failure as failure:
            from kiln.cli.screens.failure import show_failure

            show_failure(failure)
            raise typer.Exit(failure.exit_code) from failure
        raise typer.Exit(code)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *common.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
