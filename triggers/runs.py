"""Runs over HTTP: run and cancel as azure-mgmt-imagebuilder calls them, and Kiln's own retry."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.errors import Conflict, Problem, TemplateInvalid
from kiln.lifecycle.end_run import cancel_current_run
from kiln.lifecycle.reconcile import reconcile
from kiln.lifecycle.start_run import busy, start_run
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.operations import OperationKind
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.template_secrets import TemplateSecrets
from kiln.runs.templates import Templates
from kiln.template.overrides import WHAT, apply_overrides
from kiln.template.wording import kind, path_text
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.operations import begin, follow
from triggers.reach import check_reach
from triggers.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/run", "imageTemplates/run/action")
async def run_template(call: Call) -> Reply:
    """Start a run, with the overrides that the body may have; 409 while another one is going."""
    overrides, suffix = read_overrides(call.optional_json()), secrets.token_hex(4)

    def make(record: TemplateRecord) -> RunRecord:
        if overrides is None:
            check_reach(call, record.id, record.body, "imageTemplates/run/action")
            return new_run(record, call.now, suffix)
        body, kept = apply_overrides(record.body, overrides), TemplateSecrets()
        check_reach(call, record.id, body, "imageTemplates/run/action")
        shown = kept.hide(record.id, {"properties": overrides}, what=WHAT)["properties"]
        body = kept.hide(record.id, body, what=WHAT)
        return new_run(record, call.now, suffix, overrides=shown, body=body)

    return await _start(call, suffix, make)


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/cancel", "imageTemplates/cancel/action")
async def cancel_run(call: Call) -> Reply:
    """Cancel the run that is going; 204 when none is. The operation is over when the run is."""
    record = await asyncio.to_thread(Templates().require, call.template)
    run = await cancel_current_run(call.orchestrations, record, call.now)
    if run is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.CANCEL, record, run_id=run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/runs/{run}/retry", "imageTemplates/runs/retry/action")
async def retry_run(call: Call) -> Reply:
    """Start a run that builds what an earlier one was to build, and goes on from what that one made."""
    record = await asyncio.to_thread(Templates().require, call.template)
    earlier = await asyncio.to_thread(Runs().require, record.id, call.run_id)
    if not earlier.state.is_final:
        raise busy(earlier)
    if earlier.state is RunState.SUCCEEDED:
        raise Conflict(
            f"Run {earlier.run_id} of the image template {record.id.arm} succeeded; there is nothing to retry.",
            target=earlier.run_id,
            hint=f"Start another run: POST {record.id.arm}/run.",
        )

    suffix = secrets.token_hex(4)

    def make(template: TemplateRecord) -> RunRecord:
        check_reach(call, template.id, earlier.body, "imageTemplates/runs/retry/action")
        return new_run(
            template,
            call.now,
            suffix,
            overrides=earlier.overrides,
            retry_of=earlier.run_id,
            body=earlier.body,
            version=earlier.version,
        )

    return await _start(call, suffix, make)


def read_overrides(body: Any) -> Any:
    """Return the overrides in a run's body, `{"overrides": {...}}`, or None.

    No body, and one without overrides, ask for none. Raises `TemplateInvalid` for anything else.
    """
    if body is None:
        return None
    if not isinstance(body, dict):
        text = f'expected an object such as {{"overrides": {{...}}}}, got {kind(body)}'
        raise TemplateInvalid((Problem(path="$", message=text),), what="run's body")
    unknown = [
        Problem(path=path_text((name,)), message="is not known; it has overrides alone")
        for name in body
        if name != "overrides"
    ]
    if unknown:
        raise TemplateInvalid(tuple(unknown), what="run's body")
    return body.get("overrides")


async def _start(call: Call, suffix: str, make: Callable[[TemplateRecord], RunRecord]) -> Reply:
    record = await asyncio.to_thread(Templates().require, call.template)
    record = await reconcile(call.orchestrations, record, call.now)
    run = await start_run(call.orchestrations, record.id, run_id(call.now, suffix), make)
    operation = await begin(call, OperationKind.RUN, record, run_id=run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))
