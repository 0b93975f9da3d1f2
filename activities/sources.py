"""The watcher's looks at the marketplace: what is new is published first, and remembered only then.

A crash in between publishes it again, with the same event ids.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import watch
from kiln.contracts import LIST_SOURCES, LOOK_AT_SOURCE
from kiln.errors import BuildError
from kiln.events import publisher
from kiln.events.cloud_events import of_source
from kiln.events.payloads import Alternative, SourceDeprecating, SourceVersionPublished
from kiln.messages.rebuilds import Looked, WatchedSource, WatchedSources
from kiln.rebuild.source import MarketplaceImage, named_version, source_of
from kiln.rebuild.watch import Deprecation, deprecating, new_versions
from kiln.runs.index import repair
from kiln.runs.sources import SourceRecord, Sources
from kiln.runs.store import Templates
from kiln.template.parse import parse_stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.events.cloud_events import CloudEvent
    from kiln.messages.rebuilds import WatchRound
    from kiln.rebuild.watch import SeenVersion

log = logging.getLogger("kiln.rebuild")


@implements(LIST_SOURCES)
def list_sources(request: WatchRound) -> WatchedSources:
    """Return each marketplace image that some template is built from, once; none while no topic could be told.

    Those that no trigger follows are watched for whoever subscribes.
    """
    if not publisher.is_on():
        return WatchedSources()
    repaired = repair(datetime.fromisoformat(request.at))
    found: dict[str, WatchedSource] = {}
    for used in _used(request.at):
        known = found.setdefault(used.source.key, used)
        named = tuple(sorted({*known.named, *used.named}))
        found[used.source.key] = known.model_copy(update={"named": named})
    return WatchedSources(sources=tuple(found.values()), repaired=repaired)


def _used(at: str) -> Iterator[WatchedSource]:
    """Yield what each template is built from, by reading it: that costs the marketplace nothing."""
    for record in Templates().read_all():
        template = parse_stored(record.body)
        if template is None:
            continue
        source = source_of(template)
        if isinstance(source, MarketplaceImage):
            version = named_version(template)
            named = (version,) if version else ()
            yield WatchedSource(subscription=record.id.subscription, source=source, named=named, at=at)


@implements(LOOK_AT_SOURCE)
def look_at_source(request: WatchedSource) -> Looked:
    """Ask the marketplace once for all versions, and announce what is new."""
    key = request.source.key
    try:
        seen = watch.versions(request.subscription, request.source)
    except BuildError as error:
        log.warning("cannot look at %s: %s", key, error, extra={"source": key})
        return Looked(error=str(error))
    known = Sources().get(key) or SourceRecord(source=request.source)
    new, ending = new_versions(seen, known.newest), deprecating(seen, request.named, known.warned)
    events = [*_published(request, new, known.newest), *_deprecating(request, ending)]
    if not events:
        return Looked()
    publisher.publish(events)
    warned = tuple(item.version for item in ending)
    Sources().remember(SourceRecord(source=request.source, newest=new[-1] if new else None, warned=warned))
    return Looked(versions=new, deprecating=warned)


def _published(request: WatchedSource, new: tuple[str, ...], previous: str | None) -> Iterator[CloudEvent]:
    for version in new:
        payload = SourceVersionPublished(**_names(request.source), version=version, previous=previous)
        yield of_source(payload, request.subscription, datetime.fromisoformat(request.at))
        previous = version


def _deprecating(request: WatchedSource, ending: tuple[SeenVersion, ...]) -> Iterator[CloudEvent]:
    for item in ending:
        word = item.deprecation or Deprecation()
        alternative = (
            Alternative(kind=word.alternative_kind, value=word.alternative)
            if word.alternative_kind and word.alternative
            else None
        )
        payload = SourceDeprecating(
            **_names(request.source), version=item.version, scheduled=word.scheduled, alternative=alternative
        )
        yield of_source(payload, request.subscription, datetime.fromisoformat(request.at))


def _names(source: MarketplaceImage) -> dict[str, str]:
    return {"publisher": source.publisher, "offer": source.offer, "sku": source.sku, "region": source.region}
