"""A template comes in: stored new, or over the one of that name, by compare-and-swap.

It owns when a template may be written; what makes a template valid belongs to kiln.template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.errors import Conflict, PreconditionFailed
from kiln.ids import region_name
from kiln.runs.documents import Stored
from kiln.runs.naming import staging_group
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.template.parse import parse_template, without_read_only

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.store import Templates

ATTEMPTS = 20


@dataclass(frozen=True)
class Submission:
    """What a PUT brings: a valid body and the conditions that the client set (`If-Match`, `If-None-Match`)."""

    template: TemplateId
    body: dict[str, Any]
    at: datetime
    if_match: str | None = None
    if_none_match: str | None = None


def read_body(body: Any) -> dict[str, Any]:
    """Return what is stored of a template's body. Raises `TemplateInvalid` with every problem in it."""
    parse_template(body)
    return without_read_only(body)


def submit(templates: Templates, submission: Submission, suffix: str) -> tuple[Stored[TemplateRecord], bool]:
    """Store the template; return it and whether it is new. `suffix` (8 random hex digits) names its staging group.

    Raises `Conflict` when the template of that name cannot be changed, `PreconditionFailed` when it is not the one
    that the client read.
    """
    for _ in range(ATTEMPTS):
        stored = templates.get(submission.template)
        check_conditions(stored, submission)
        record = changed(stored.content, submission) if stored else first(submission, suffix)
        try:
            etag = templates.replace(record, stored.etag) if stored else templates.create(record)
        except PreconditionFailed:
            continue
        return Stored(content=record, etag=etag), stored is None
    raise PreconditionFailed("The image template kept changing.", target=submission.template.arm)


def check_conditions(stored: Stored[TemplateRecord] | None, submission: Submission) -> None:
    """Raise the error that the client's own conditions ask for, if they do not hold."""
    name = submission.template.arm
    if submission.if_none_match == "*" and stored is not None:
        raise Conflict(f"The image template {name} exists already.", target=name)
    if submission.if_match is None:
        return
    if stored is None or submission.if_match not in {"*", stored.etag}:
        raise PreconditionFailed(f"The image template {name} is not the one that If-Match names.", target=name)


def first(submission: Submission, suffix: str) -> TemplateRecord:
    """Return the record of a template that was not there before."""
    return TemplateRecord(
        id=submission.template,
        body=submission.body,
        created=submission.at,
        changed=submission.at,
        staging_group=staging_group(submission.template, suffix),
    )


def changed(record: TemplateRecord, submission: Submission) -> TemplateRecord:
    """Return the record with the new body. A run that is going keeps the plan that it has."""
    if record.provisioning_state is ProvisioningState.DELETING:
        raise being_deleted(record)
    here, there = record.body["location"], submission.body["location"]
    if region_name(here) != region_name(there):
        raise Conflict(
            f"The image template {record.id.arm} is in {here} and cannot move to {there}.",
            code="InvalidResourceLocation",
            target="location",
            hint="Delete it first, or use another name.",
        )
    return record.model_copy(update={"body": submission.body, "changed": submission.at})


def being_deleted(record: TemplateRecord) -> Conflict:
    """Return the error for whoever wants something of a template that is going away."""
    return Conflict(f"The image template {record.id.arm} is being deleted.", target=record.id.arm)
