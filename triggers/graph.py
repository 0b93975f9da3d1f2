"""The graph of images over HTTP: each with its source, and whether it is up to date. Kiln's own."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.parallel import run_each
from kiln.rebuild.facts import built_from
from kiln.rebuild.image_graph import KnownTemplate, image_graph
from kiln.rebuild.source import source_key
from kiln.rebuild.source_records import Sources
from kiln.runs.reading import reason
from kiln.runs.recent import readable_runs
from kiln.runs.templates import Templates
from kiln.runs.trigger_health import health
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_stored
from kiln.template.triggers import parse_stored_trigger
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.readable import readable_keys
from triggers.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.runs.record import RunRecord, TemplateRecord, TriggerRecord
    from triggers.call import Call

GROUP_GRAPH = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.VirtualMachineImages/imageGraph"

bp = df.Blueprint()
log = logging.getLogger("kiln.state")


@endpoint(bp, "GET", PROVIDER_ROUTE + "/imageGraph", "imageGraph/read", partly=True)
async def graph_of_subscription(call: Call) -> Reply:
    """Answer the graph of those templates of a subscription that the caller may read."""
    return await asyncio.to_thread(_graph, call, None)


@endpoint(bp, "GET", GROUP_GRAPH, "imageGraph/read", partly=True)
async def graph_of_group(call: Call) -> Reply:
    """Answer the graph of those templates of a resource group that the caller may read."""
    return await asyncio.to_thread(_graph, call, call.group)


def _graph(call: Call, group: str | None) -> Reply:
    newest = {record.source.key: record.newest for record in Sources().list() if record.newest}
    return Reply(HTTPStatus.OK, image_graph(_known(call, group), newest))


def _known(call: Call, group: str | None) -> Iterator[KnownTemplate]:
    for attempt in run_each(readable_keys(call, "imageGraph/read", group), _of_key):
        if attempt.fault is not None:
            log.error("the graph lacks the image template %s: %s", attempt.item, reason(attempt.fault))
        elif attempt.result is not None:
            yield attempt.result


def _of_key(key: str) -> KnownTemplate | None:
    record = Templates().by_key(key)
    model = parse_stored(record.body) if record else None
    if record is None or model is None:
        return None
    runs = list(readable_runs(record))
    triggers = {trigger.name: _state(trigger, runs) for trigger in Triggers().list(record)}
    own = source_key(model)
    return KnownTemplate(record, model, _latest(record, runs), built_from(runs, own) if own else None, triggers)


def _latest(record: TemplateRecord, runs: list[RunRecord]) -> RunRecord | None:
    return next((run for run in runs if run.run_id == record.run_id), None)


def _state(trigger: TriggerRecord, runs: list[RunRecord]) -> str:
    parsed = parse_stored_trigger(trigger.body)
    if parsed is None or not parsed.properties.enabled:
        return "Disabled"
    state = health(runs, trigger.name, trigger.changed, parsed.properties.failure_limit)
    return "Deactivated" if state.is_deactivated else "Active"
