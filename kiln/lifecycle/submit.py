"""A template comes in: stored new, or as the next version of the one of that name, by compare-and-swap.

It owns when a template may be written and what makes a new version; what makes one valid belongs to kiln.template.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.errors import Conflict, PreconditionFailed
from kiln.ids import part_of, region_name
from kiln.lifecycle.source_triggers import body_about_to_be_stored
from kiln.lifecycle.submission import reconcile_submission, start_submission
from kiln.runs.begin import being_deleted
from kiln.runs.naming import staging_group
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.template_secrets import TemplateSecrets
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from kiln.template.base import RESOURCE_GROUP, ArmId

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.lifecycle.orchestrations import Orchestrations

ATTEMPTS = 20


@dataclass(frozen=True)
class Submission:
    """What a PUT or PATCH brings.

    `body` makes the template's new body of what is stored (None: nothing). `check` raises when the client's own
    conditions do not hold of that. `suffix` (8 random hex digits) names the staging group of a new template. A change
    of tags alone is a new version unless `tags_are_apart`. `may_read` says of which other templates errors may speak.
    """

    template: TemplateId
    body: Callable[[TemplateRecord | None], dict[str, Any]]
    at: datetime
    suffix: str
    check: Callable[[TemplateRecord | None], None] = lambda _: None
    tags_are_apart: bool = False
    may_read: Callable[[TemplateId], bool] = lambda _: False


@dataclass(frozen=True)
class Accepted:
    """The template as it is stored now, and whether it or its version is new."""

    record: TemplateRecord
    is_new: bool
    is_new_version: bool


async def accept(orchestrations: Orchestrations, submission: Submission) -> Accepted:
    """Store what is submitted, and see to it that somebody works on it. Raises what `submit` does."""
    accepted = await asyncio.to_thread(submit, Templates(), Versions(), submission)
    if accepted.is_new_version:
        await start_submission(orchestrations, accepted.record)
    else:
        await reconcile_submission(orchestrations, accepted.record, submission.at)
    return accepted


def submit(templates: Templates, versions: Versions, submission: Submission) -> Accepted:
    """Store the template, with the version that it replaces beside it.

    Raises `Conflict` when the template of that name cannot be changed so, `PreconditionFailed` when it keeps changing,
    and whatever `submission.check` and `submission.body` raise.
    """
    for _ in range(ATTEMPTS):
        stored = templates.get(submission.template)
        before = stored.content if stored else None
        submission.check(before)
        if before is not None and before.provisioning_state is ProvisioningState.DELETING:
            raise being_deleted(before)  # nothing of it is written any more, its secrets least of all
        body = TemplateSecrets().hide(submission.template, submission.body(before))
        record = changed(before, body, submission) if before else first(body, submission)
        is_new_version = before is None or record.version > before.version
        try:
            if stored is None:
                templates.create(record)
            elif record != before:
                if is_new_version:
                    body_about_to_be_stored(stored.content, record.body, submission.at, submission.may_read)
                    versions.keep(stored.content)
                templates.replace(record, stored.etag)
        except PreconditionFailed:
            continue
        return Accepted(record, is_new=before is None, is_new_version=is_new_version)
    raise PreconditionFailed("The image template kept changing.", target=submission.template.arm)


def first(body: dict[str, Any], submission: Submission) -> TemplateRecord:
    """Return the record of a template that was not there before."""
    given = given_group(body)
    return TemplateRecord(
        id=submission.template,
        body=body,
        created=submission.at,
        changed=submission.at,
        staging_group=given or staging_group(submission.template, submission.suffix),
        staging_given=given is not None,
    )


def changed(record: TemplateRecord, body: dict[str, Any], submission: Submission) -> TemplateRecord:
    """Return the record with the new body; the very same one when that changes nothing.

    An equal body is a new version only after a failure, when it tries again. A run that is going keeps the plan that it
    has.
    """
    check_region(record, body)
    check_group(record, body)
    if body == record.body and record.provisioning_state is not ProvisioningState.FAILED:
        return record
    if submission.tags_are_apart and {**body, "tags": None} == {**record.body, "tags": None}:
        return record.model_copy(update={"body": body})
    return record.model_copy(
        update={
            "body": body,
            "version": record.version + 1,
            "changed": submission.at,
            "provisioning_state": ProvisioningState.UPDATING,
            "provisioning_error": None,
            "deletion_error": None,
        }
    )


def check_region(record: TemplateRecord, body: dict[str, Any]) -> None:
    """Raise `Conflict` when the body asks for another region: no resource of Azure can move by a PUT."""
    here, there = record.body["location"], body["location"]
    if region_name(here) != region_name(there):
        raise Conflict(
            f"The image template {record.id.arm} is in {here} and cannot move to {there}.",
            code="InvalidResourceLocation",
            target="location",
            hint="Delete it first, or use another name.",
        )


def check_group(record: TemplateRecord, body: dict[str, Any]) -> None:
    """Raise `Conflict` when the body asks for another staging group than the one in which everything is."""
    given = given_group(body)
    same = (given or "").lower() == record.staging_group.lower() if given or record.staging_given else True
    if not same:
        asked = given or "one of Kiln's own making"
        raise Conflict(
            f"The image template {record.id.arm} has its artifacts and logs in the resource group "
            f"{record.staging_group}; its staging resource group cannot become {asked}.",
            code="PropertyChangeNotAllowed",
            target="properties.stagingResourceGroup",
            hint="Delete the template first, or use another name.",
        )


def given_group(body: dict[str, Any]) -> str | None:
    """Return the name of the staging group that a body gives.

    A text that is no resource group's id gives none; the submission then fails with AIB's BadStagingResourceGroup.
    """
    text = body["properties"].get("stagingResourceGroup") or ""
    return part_of(text, "resourceGroups") if ArmId((RESOURCE_GROUP,)).matches(text) else None
