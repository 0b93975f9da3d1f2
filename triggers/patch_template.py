"""PATCH of an image template over HTTP: tags, identity, targets and build machine, as AIB has it."""

from __future__ import annotations

import secrets
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.errors import ResourceNotFound
from kiln.lifecycle.submit import Submission, accept
from kiln.runs.operations import OperationKind
from kiln.template.patch import apply_patch, parse_patch
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.etags import check_if_match
from triggers.operations import begin, follow
from triggers.reach import check_reach
from triggers.reply import Reply
from triggers.templates import shown

if TYPE_CHECKING:
    from kiln.runs.record import TemplateRecord
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "PATCH", TEMPLATE_ROUTE, "imageTemplates/write")
async def patch_template(call: Call) -> Reply:
    """Change tags, identity, targets or build machine: 202, or 200 when there is nothing to wait for."""
    patch = parse_patch(call.json(), call.api_version)

    def patched(record: TemplateRecord | None) -> dict[str, Any]:
        if record is None:
            raise ResourceNotFound(f"The image template {name.arm} does not exist.", target=name.arm)
        body = apply_patch(record.body, patch)
        check_reach(call, record.id, body, "imageTemplates/write")
        return body

    name = call.template
    submission = Submission(
        template=name,
        body=patched,
        at=call.now,
        suffix=secrets.token_hex(4),
        check=partial(check_if_match, call.headers, name),
        tags_are_apart=True,
        may_read=call.may_read,
    )
    accepted = await accept(call.orchestrations, submission)
    if not accepted.is_new_version:
        return await shown(call, accepted.record)
    operation = await begin(call, OperationKind.PATCH, accepted.record, version=accepted.record.version)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))
