"""Submitting a template: it is stored as a new one, or as the next version of the one of that name.

It decides when a template may be written and what makes a new version; kiln.template decides what is valid.
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
    """A PUT or PATCH of a template.

    `body` returns the template's new body, given the stored template (None: there is none). `check` raises when the
    stored template does not meet the client's conditions. `suffix` (8 random hex digits) names the staging group of a
    new template. A change of tags alone is a new version unless `tags_are_apart`. `may_read` says which other templates
    errors may name.
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
    """The stored template after a submission, and whether it is new, or its version is."""

    record: TemplateRecord
    is_new: bool
    is_new_version: bool


async def accept(orchestrations: Orchestrations, submission: Submission) -> Accepted:
    """Store the submitted template and start its submission. Raises what `submit` raises."""
    accepted = await asyncio.to_thread(submit, Templates(), Versions(), submission)
    if accepted.is_new_version:
        await start_submission(orchestrations, accepted.record)
    else:
        await reconcile_submission(orchestrations, accepted.record, submission.at)
    return accepted


def submit(templates: Templates, versions: Versions, submission: Submission) -> Accepted:
    """Store the template, and keep the version that it replaces.

    Raises `Conflict` when the stored template cannot be changed like this, `PreconditionFailed` when it keeps changing,
    and whatever `submission.check` and `submission.body` raise.
    """
    for _ in range(ATTEMPTS):
        stored = templates.get(submission.template)
        before = stored.content if stored else None
        submission.check(before)
        if before is not None and before.provisioning_state is ProvisioningState.DELETING:
            raise being_deleted(before)  # nothing more is written for it, least of all secrets
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
    """Return the record of a new template."""
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
    """Return the record with the new body, or the same record when nothing changes.

    An equal body is a new version only after a failed submission, to try again. A run that is going keeps its plan.
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
    """Raise `Conflict` when the body has another region: no resource of Azure can be moved by a PUT."""
    here, there = record.body["location"], body["location"]
    if region_name(here) != region_name(there):
        raise Conflict(
            f"The image template {record.id.arm} is in {here} and cannot move to {there}.",
            code="InvalidResourceLocation",
            target="location",
            hint="Delete the template first, or use another name.",
        )


def check_group(record: TemplateRecord, body: dict[str, Any]) -> None:
    """Raise `Conflict` when the body has another staging group than the one with the template's artifacts and logs."""
    given = given_group(body)
    same = (given or "").lower() == record.staging_group.lower() if given or record.staging_given else True
    if not same:
        asked = given or "one that Kiln names"
        raise Conflict(
            f"The image template {record.id.arm} has its artifacts and logs in the resource group "
            f"{record.staging_group}; its staging resource group cannot become {asked}.",
            code="PropertyChangeNotAllowed",
            target="properties.stagingResourceGroup",
            hint="Delete the template first, or use another name.",
        )


def given_group(body: dict[str, Any]) -> str | None:
    """Return the name of the staging group that a body names.

    A text that is no id of a resource group names none; the submission then fails with BadStagingResourceGroup, as
    Image Builder's does.
    """
    text = body["properties"].get("stagingResourceGroup") or ""
    return part_of(text, "resourceGroups") if ArmId((RESOURCE_GROUP,)).matches(text) else None
