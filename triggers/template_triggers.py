"""Triggers of a template over HTTP, as azure-mgmt-imagebuilder calls them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.automation.trigger_entries import next_times
from kiln.errors import DocumentUnreadable, ResourceNotFound
from kiln.lifecycle.reconcile import reconcile
from kiln.lifecycle.store_trigger import check_state, remove_trigger, store_trigger
from kiln.runs.operations import OperationKind
from kiln.runs.recent import readable_runs
from kiln.runs.resources import trigger_resource
from kiln.runs.templates import Templates
from kiln.runs.trigger_health import health
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_stored
from kiln.template.triggers import check_trigger, parse_stored_trigger, parse_trigger
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.event_rights import check_may_listen
from triggers.operations import begin, follow
from triggers.paging import listed, read_page
from triggers.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import TemplateRecord, TriggerRecord
    from triggers.call import Call

SINCE = "2022-07-01"
"""The first api-version with triggers (Microsoft's API definitions)."""

bp = df.Blueprint()


@endpoint(bp, "PUT", TEMPLATE_ROUTE + "/triggers/{trigger}", "imageTemplates/triggers/write")
async def put_trigger(call: Call) -> Reply:
    """Store a trigger, new (201) or over the one of that name (200), once the template can have it."""
    template = await _template(call)
    trigger = parse_trigger(call.json(), call.api_version)
    check_may_listen(call, trigger)
    check_state(await reconcile(call.orchestrations, template, call.now))
    record, is_new = await asyncio.to_thread(
        store_trigger, template, call.trigger_name, trigger, call.now, call.may_read
    )
    operation = await begin(call, OperationKind.PUT_TRIGGER, template)
    return Reply(
        HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        await asyncio.to_thread(shown, template, record, call.now),
        follow(call, operation, "Azure-AsyncOperation"),
    )


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/triggers/{trigger}", "imageTemplates/triggers/read")
async def get_trigger(call: Call) -> Reply:
    """Answer one trigger."""
    template = await _template(call)
    record = await asyncio.to_thread(Triggers().require, template, call.trigger_name)
    return Reply(HTTPStatus.OK, await asyncio.to_thread(shown, template, record, call.now))


@endpoint(bp, "DELETE", TEMPLATE_ROUTE + "/triggers/{trigger}", "imageTemplates/triggers/delete")
async def delete_trigger(call: Call) -> Reply:
    """Remove a trigger; 204 when there is none."""
    template = await _template(call)
    if not await asyncio.to_thread(remove_trigger, template, call.trigger_name, call.now):
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.DELETE_TRIGGER, template)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/triggers", "imageTemplates/triggers/read")
async def list_triggers(call: Call) -> Reply:
    """Answer a template's triggers by name."""
    return await asyncio.to_thread(_list, call, await _template(call))


def shown(template: TemplateRecord, record: TriggerRecord, now: datetime) -> dict[str, Any]:
    """Return a trigger as the API shows it: active, or what keeps it from firing, in it or in the template as it is."""
    trigger = parse_stored_trigger(record.body)
    if trigger is None:
        why = "this version of Kiln knows no such trigger; store it again (PUT), or delete it"
        raise DocumentUnreadable(Triggers.path(template.id, record.name), why)
    model = parse_stored(template.body)
    obstacles = [f"{problem.path}: {problem.message}" for problem in check_trigger(model, trigger, ())] if model else []
    if model is None:
        obstacles.append("the image template: it is none by the rules of this version of Kiln; submit it again")
    if not trigger.properties.enabled:
        obstacles.append("properties.enabled: it is switched off")
    state = health(readable_runs(template), record.name, record.changed, trigger.properties.failure_limit)
    return trigger_resource(record, tuple(obstacles), next_times(record, now), state)


async def _template(call: Call) -> TemplateRecord:
    if call.api_version < SINCE:
        raise ResourceNotFound(
            f"The api-version {call.api_version} has no triggers; {SINCE} is the first that has.",
            code="InvalidResourceType",
            target="api-version",
        )
    return await asyncio.to_thread(Templates().require, call.template)


def _list(call: Call, template: TemplateRecord) -> Reply:
    triggers = Triggers()

    def load(name: str) -> dict[str, Any] | None:
        record = triggers.get(template, name)
        return shown(template, record, call.now) if record else None

    page = read_page(triggers.names(template.id), load, call.query.get("$skiptoken"))
    return Reply(HTTPStatus.OK, listed(call, page))
