"""`kiln import`: take AIB's own templates, and their triggers, from Azure into files or into Kiln."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from kiln.cli.faults import ExitCode, Failure, UsageFailure
from kiln.cli.migration.azure import AzureTemplates, Where, arm_settings
from kiln.cli.migration.files import Outcome, write_files
from kiln.cli.migration.found import Found, NotATemplate, found, id_of, refused
from kiln.cli.migration.submit import submit_all
from kiln.cli.screens import migration
from kiln.cli.screens.console import stderr, stdout
from kiln.cli.settings import SUBSCRIPTION
from kiln.ids import TemplateId
from kiln.parallel import run_each

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kiln.cli.session import Session

AT_ONCE = 8
SECONDS = 120.0
"""The most time for the triggers of one template, in seconds."""


@dataclass(frozen=True)
class Options:
    """The options of `kiln import`: whose templates, by which Resource Manager, and what becomes of them."""

    arm_endpoint: str
    arm_scope: str | None = None
    subscription: str | None = None
    group: str | None = None
    template_id: str | None = None
    to: Path | None = None
    submit: bool = False
    force: bool = False


def import_templates(session: Session, options: Options) -> ExitCode:
    """Print the templates and what differs, and write or submit them; the exit code says whether all could be taken."""
    _check(options)
    where = _where(session, options)
    settings = arm_settings(session, options.arm_endpoint, options.arm_scope, where.subscription)
    told = stdout()
    with AzureTemplates(session, settings) as azure:
        templates = _read(azure, where)
    if not templates:
        told.print(f"No templates of Image Builder's in {where}, by {settings.endpoint}.")
        return ExitCode.SUCCESS
    told.print(Text(f"Image Builder's templates in {where}:\n"))
    told.print(migration.table(templates))
    for lines in (migration.problem_lines(templates), migration.legend(templates), migration.secret_lines(templates)):
        if lines:
            told.print()
            told.print(Text("\n").join(lines))
    told.print()
    try:
        outcomes = _take(session, templates, options)
    except KeyboardInterrupt:
        stderr().print("\nWhat was sent already goes on in Kiln without this command; --submit again sends the rest.")
        return ExitCode.INTERRUPTED
    return _code(templates, outcomes, looked_only=not (options.to or options.submit))


def _check(options: Options) -> None:
    """Raise `UsageFailure` if the options contradict each other."""
    if options.to is not None and options.submit:
        raise UsageFailure("--to writes files and --submit sends to Kiln: choose one of them.")
    if options.force and not (options.to or options.submit):
        raise UsageFailure("--force needs --to FOLDER or --submit: without them nothing is replaced.")


def _where(session: Session, options: Options) -> Where:
    """Return whose templates are meant. Raises `UsageFailure` if the options do not say."""
    if options.template_id is not None:
        try:
            template = TemplateId.parse(options.template_id)
        except ValueError as error:
            raise UsageFailure(
                f"--id takes an image template's id, got {options.template_id!r}.",
                hint="It is /subscriptions/.../resourceGroups/.../providers/Microsoft.VirtualMachineImages/"
                "imageTemplates/NAME, as `az image builder list --query [].id` prints it.",
            ) from error
        return Where(template.subscription, template=template)
    local = arm_settings(session, options.arm_endpoint, options.arm_scope, "").is_local
    subscription = options.subscription or (SUBSCRIPTION if local else None)
    if not subscription:
        raise UsageFailure(
            "Name the subscription whose templates are meant: --subscription ID, or --id for one template.",
            hint="`az account list --output table` has the ids.",
        )
    return Where(subscription, options.group)


def _read(azure: AzureTemplates, where: Where) -> list[Found]:
    """Return the templates by group and name; those that cannot be taken have a fault, and do not stop the others."""

    def judged(item: Any) -> Found:
        return found(item, azure.triggers(id_of(item)))

    attempts = run_each(azure.read(where), judged, at_once=AT_ONCE, seconds=SECONDS)
    templates = [attempt.result or refused(attempt.item, _reason(attempt.fault)) for attempt in attempts]
    return sorted(templates, key=lambda each: (each.group.lower(), each.name.lower()))


def _reason(fault: Exception | None) -> str:
    match fault:
        case Failure():
            detail = fault.detail
            return f"{fault.message} {detail.code}: {detail.message}" if detail else fault.message
        case NotATemplate():
            return str(fault)
        case _:
            return f"it could not be understood: {type(fault).__name__}: {fault}"


def _take(session: Session, templates: Sequence[Found], options: Options) -> list[Outcome]:
    """Write or submit the templates, and tell the outcome of each."""
    told = stdout()
    if options.to is not None:
        outcomes = write_files(templates, options.to, force=options.force)
        for outcome in outcomes:
            told.print(migration.outcome_line(outcome))
        return outcomes
    if not options.submit:
        told.print("Nothing was written: --to FOLDER writes files, --submit sends them to Kiln.")
        return []
    return submit_all(
        session, templates, lambda outcome: told.print(migration.outcome_line(outcome)), force=options.force
    )


def _code(templates: Sequence[Found], outcomes: Sequence[Outcome], *, looked_only: bool) -> ExitCode:
    """Return 0 if every template is whole and was taken, 3 if some were, 1 if none was; name those that were not."""
    lines = migration.missed_lines(templates, outcomes)
    if not lines:
        return ExitCode.SUCCESS
    stdout().print(Text("\n").join(lines))
    some = any(each.is_whole for each in templates) if looked_only else any(outcome.taken for outcome in outcomes)
    return ExitCode.PARTIAL if some else ExitCode.FAILED
