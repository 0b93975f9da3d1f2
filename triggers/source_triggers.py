"""Triggers of a template over HTTP: stored and checked here, as azure-mgmt-imagebuilder calls them.

What fires them is not this module's business.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.automation.trigger_upkeep import enter, keep_secret, leave, next_times
from kiln.errors import Conflict, DocumentUnreadable, ResourceNotFound, TemplateInvalid
from kiln.lifecycle.following import check_trigger_circle, trigger_stored
from kiln.lifecycle.start_run import NOT_NOW
from kiln.lifecycle.tend import tended
from kiln.rebuild.index import leave_trigger
from kiln.rebuild.situation import shown_runs
from kiln.runs.begin import being_deleted
from kiln.runs.children import Triggers
from kiln.runs.reading import tell
from kiln.runs.record import OperationKind, ProvisioningState, TemplateRecord, TriggerRecord
from kiln.runs.status import trigger_resource
from kiln.runs.store import Templates
from kiln.runs.trigger_health import health
from kiln.template.parse import parse_stored, parse_template
from kiln.template.triggers import Trigger, check_trigger, parse_stored_trigger, parse_trigger
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.hearing import check_may_hear
from triggers.operations import begin, follow
from triggers.paging import listed, read_page
from triggers.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from triggers.call import Call

SINCE = "2022-07-01"
"""The first api-version with triggers (Microsoft's API definitions)."""

bp = df.Blueprint()


@endpoint(bp, "PUT", TEMPLATE_ROUTE + "/triggers/{trigger}", "imageTemplates/triggers/write")
async def put_trigger(call: Call) -> Reply:
    """Store a trigger, new (201) or over the one of that name (200), once the template can have it."""
    template = await _template(call)
    trigger = parse_trigger(call.json(), call.api_version)
    check_may_hear(call, trigger)
    check_state(await tended(call.orchestrations, template, call.now))
    record, is_new = await asyncio.to_thread(_store, call, template, trigger)
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
    if not await asyncio.to_thread(_delete, template, call.trigger_name, call.now):
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.DELETE_TRIGGER, template)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/triggers", "imageTemplates/triggers/read")
async def list_triggers(call: Call) -> Reply:
    """Answer a template's triggers by name."""
    return await asyncio.to_thread(_list, call, await _template(call))


def check_state(template: TemplateRecord) -> None:
    """Raise `Conflict` when the template's provisioning state allows no trigger: AIB wants it to be Succeeded."""
    match template.provisioning_state:
        case ProvisioningState.SUCCEEDED:
            return
        case ProvisioningState.DELETING:
            raise being_deleted(template)
        case state:
            name = template.id.arm
            raise Conflict(
                f"A trigger of the image template {name} is not allowed in provisioningState {state.value}.",
                code=NOT_NOW,
                target=name,
                hint="Wait until the template's submission has succeeded.",
            )


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
    state = health(shown_runs(template), record.name, record.changed, trigger.properties.failure_limit)
    return trigger_resource(record, tuple(obstacles), next_times(record, now), state)


async def _template(call: Call) -> TemplateRecord:
    if call.api_version < SINCE:
        raise ResourceNotFound(
            f"The api-version {call.api_version} has no triggers; {SINCE} is the first that has.",
            code="InvalidResourceType",
            target="api-version",
        )
    return await asyncio.to_thread(Templates().require, call.template)


def _store(call: Call, template: TemplateRecord, trigger: Trigger) -> tuple[TriggerRecord, bool]:
    triggers, name = Triggers(), call.trigger_name
    others = [known for known in triggers.list(template) if known.name.lower() != name.lower()]
    known_others = [parsed for other in others if (parsed := parse_stored_trigger(other.body)) is not None]
    problems = check_trigger(parse_template(template.body), trigger, known_others)
    if problems:
        raise TemplateInvalid(problems, what="trigger")
    check_trigger_circle(template, trigger.properties.kind, call.may_read)
    before = _before(template, name)
    record = TriggerRecord(
        template=template.id,
        name=before.name if before else name,
        kind=trigger.properties.kind,
        body=trigger.model_dump(mode="json", by_alias=True, exclude_unset=True),
        created=before.created if before else call.now,
        changed=call.now,
    )
    keep_secret(template.id, record.name, trigger)
    stored = triggers.put(record)
    enter(before, stored, call.now)
    trigger_stored(stored, call.now)
    return stored, before is None


def _before(template: TemplateRecord, name: str) -> TriggerRecord | None:
    """Return the trigger that is to be replaced or removed; None, too, for one that cannot be read."""
    try:
        return Triggers().get(template, name)
    except DocumentUnreadable as error:
        tell(error)
        return None


def _delete(template: TemplateRecord, name: str, now: datetime) -> bool:
    record = _before(template, name)
    there = Triggers().delete(template, name)
    leave_trigger(template, name, now)
    if there:
        leave(template.id, name, record)
    return there


def _list(call: Call, template: TemplateRecord) -> Reply:
    triggers = Triggers()

    def load(name: str) -> dict[str, Any] | None:
        record = triggers.get(template, name)
        return shown(template, record, call.now) if record else None

    page = read_page(triggers.names(template.id), load, call.query.get("$skiptoken"))
    return Reply(HTTPStatus.OK, listed(call, page))
