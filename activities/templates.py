"""Deletion of a template: its run ends, then what Kiln made for it is deleted, then its records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import group_deletion
from kiln.contracts.base import Nothing, Operation, Progress
from kiln.contracts.clean_up import Deletions
from kiln.contracts.templates import (
    CHECK_IDLE,
    FAIL_DELETION,
    FORGET_TEMPLATE,
    LIST_STAGED,
    START_DELETE_GROUP,
    DeletionFailure,
    TemplateRequest,
)
from kiln.errors import DocumentUnreadable, PreconditionFailed
from kiln.rebuild.index import leave_template
from kiln.rebuild.records import Rebuilds
from kiln.runs.documents import ATTEMPTS
from kiln.runs.group_claims import GroupClaims
from kiln.runs.installation import installation_in
from kiln.runs.ledgers import Ledgers
from kiln.runs.reading import tell
from kiln.runs.record import ProvisioningState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import abandon_deletion

if TYPE_CHECKING:
    from kiln.runs.record import TemplateRecord


@implements(CHECK_IDLE)
def check_idle(request: TemplateRequest) -> Progress:
    """Return whether neither a submission nor a run of the template is under way."""
    stored = Templates().made(request.template, request.made)
    if stored is None:
        return Progress(done=True)
    record = stored.content
    if record.settled < record.version:
        return Progress(done=False, note="a submission is under way")
    over = _is_over(record)
    return Progress(done=over, note=None if over else f"run {record.run_id} is under way")


def _is_over(record: TemplateRecord) -> bool:
    """Whether the template's latest run is over. One that cannot be read makes nothing more with its ledger closed."""
    if record.run_id is None:
        return True
    try:
        run = Runs().latest(record)
    except DocumentUnreadable as error:
        tell(error)
        return Ledgers().is_closed(record.id, record.run_id)
    return run is None or run.state.is_final


@implements(LIST_STAGED)
def list_staged(request: TemplateRequest) -> Deletions:
    """Return the resources that Kiln made in a staging group that stays; nothing if the group itself is deleted."""
    record = _still_to_delete(request)
    if record is None or GroupClaims().take(record) is not None:
        return Deletions()
    installation = installation_in(request.template.subscription)
    return Deletions(entries=group_deletion.to_delete(record.id, record.staging_group, installation))


@implements(START_DELETE_GROUP)
def start_delete_group(request: TemplateRequest) -> Operation:
    """Start to delete the staging group if everything in it is Kiln's, or else take Kiln's tags off it.

    The group of another template is left alone.
    """
    record = _still_to_delete(request)
    if record is None:
        return Operation(doing="delete the staging resource group")
    group = record.staging_group
    if GroupClaims().take(record) is not None:
        return Operation(doing=f"leave the resource group {group}, which is another template's")
    return group_deletion.delete_or_return(
        record.id, group, installation_in(record.id.subscription), given=record.staging_given
    )


@implements(FORGET_TEMPLATE)
def forget_template(request: TemplateRequest) -> Nothing:
    """Remove all that belongs to the template, then the template itself."""
    record = _still_to_delete(request)
    if record is None:
        return Nothing()
    leave_template(record, datetime.now(UTC))
    Rebuilds().forget(record)
    if not Runs().delete_all(request.template, lambda: _still_to_delete(request) is not None):
        return Nothing()
    GroupClaims().release(record)
    for _ in range(ATTEMPTS):
        stored = Templates().made(request.template, request.made)
        if stored is None or Templates().delete_unchanged(stored):
            return Nothing()
    raise PreconditionFailed("The image template kept changing.", target=request.template.arm)


@implements(FAIL_DELETION)
def fail_deletion(failure: DeletionFailure) -> Nothing:
    """Let the template stay, and say why it could not be deleted."""
    Templates().update_made(failure.template, failure.made, lambda record: abandon_deletion(record, failure.error))
    return Nothing()


def _still_to_delete(request: TemplateRequest) -> TemplateRecord | None:
    """Return the template if it is still the one to be deleted, and not a new one of the same name."""
    stored = Templates().made(request.template, request.made)
    if stored is None or stored.content.provisioning_state is not ProvisioningState.DELETING:
        return None
    return stored.content
