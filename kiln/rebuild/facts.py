"""The facts of a rebuild's decision, read from the store: the template as it is now, its runs and its producers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.errors import DocumentUnreadable
from kiln.ids import region_name
from kiln.rebuild.decide import RebuildFacts, Version
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.index import KIND, still_following
from kiln.rebuild.records import Rebuilds
from kiln.rebuild.source import followed_source, source_key, version_order
from kiln.runs.lineage import short_name
from kiln.runs.reading import tell
from kiln.runs.recent import recent_runs
from kiln.runs.record import RunRecord, RunState
from kiln.runs.runs import Runs
from kiln.runs.trigger_health import GOOD, health
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_template
from kiln.template.trigger_kinds.source_image import SourceImageTrigger
from kiln.template.triggers import parse_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.rebuild.contracts import RebuildRequest
    from kiln.rebuild.source import Source
    from kiln.runs.record import TemplateRecord

LINGER = timedelta(minutes=2)
"""How long a template counts as a producer after its run, for those beyond the next one: its event is on its way."""


def rebuild_facts(asked: RebuildRequest, template: TemplateRecord, now: datetime) -> RebuildFacts | None:
    """Return the facts of the decision, or None when the trigger is gone."""
    trigger = Triggers().get(template, asked.target.trigger)
    if trigger is None or trigger.kind != KIND:
        return None
    settings = parse_trigger(trigger.body).properties
    if not isinstance(settings, SourceImageTrigger):
        return None
    model = parse_template(template.body)
    source, key = followed_source(model), asked.found.source.key
    runs = list(recent_runs(template))
    going = next((run.run_id for run in runs if not run.state.is_final), None)
    return RebuildFacts(
        source=key,
        version=_version(asked),
        template=template.id,
        region=region_name(template.body["location"]),
        state=template.provisioning_state,
        follows=source.key if source else None,
        trigger=settings,
        trigger_made=trigger.created,
        health=health(runs, trigger.name, trigger.changed, settings.failure_limit),
        record=Rebuilds().get(template, key),
        by=asked.by,
        now=now,
        attempt=asked.attempt,
        built=built_from(runs, key),
        going=going,
        ended=max((run.ended for run in runs if run.ended is not None), default=None),
        producers=tuple(_producers(template, asked.found.source, asked.facts.lineage, now)),
    )


def _version(asked: RebuildRequest) -> Version:
    facts = asked.facts
    return Version(
        name=asked.found.version,
        regions=facts.regions,
        excluded=facts.excluded,
        maker=facts.maker,
        lineage=facts.lineage,
        published=facts.published,
    )


def built_from(runs: list[RunRecord], key: str) -> str | None:
    """Return the newest version of that source that a run is or was built from, failed ones left out; or None."""
    versions = [
        version
        for run in runs
        if run.state not in {RunState.FAILED, RunState.CANCELED}
        and (version := run.source_version or (run.cause.source_version if run.cause else None))
        and source_key(parse_template(run.body)) == key
    ]
    return max(versions, key=version_order, default=None)


def _producers(template: TemplateRecord, source: Source, lineage: tuple[str, ...], now: datetime) -> Iterator[str]:
    """Yield the templates that will lead to a newer version of the source, directly or through others.

    The templates that led to this version are left out, with all before them: they have done their part.
    """
    index = Dependents()
    seen = {template.id.key}
    keys = [(source.key, True)]
    while keys:
        key, is_near = keys.pop()
        for entry in index.producers(key):
            if entry.template.key in seen or short_name(entry.template) in lineage:
                continue
            seen.add(entry.template.key)
            try:
                producer = still_following(entry)
                if producer is None or key not in entry.produces:
                    continue
                if _is_about_to_produce(producer, entry.source.key, now, is_near=is_near):
                    yield producer.id.name
            except DocumentUnreadable as error:  # nobody waits for a template that may never be built
                tell(error)
                continue
            keys.append((entry.source.key, False))


def _is_about_to_produce(producer: TemplateRecord, source: str, now: datetime, *, is_near: bool) -> bool:
    waiting = Rebuilds().get(producer, source).waiting
    if waiting is not None and waiting.until > now:
        return True
    run = Runs().latest(producer)
    if run is None:
        return False
    if not run.state.is_final:
        return True
    return not is_near and run.state in GOOD and run.ended is not None and now - run.ended < LINGER
