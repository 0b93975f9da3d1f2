"""The watcher of the marketplace: a new version is published first, and noted as announced after that.

A crash in between publishes it again, with the same event ids.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import marketplace_versions
from kiln.events import publisher
from kiln.events.cloud_events import of_source
from kiln.events.payloads import Alternative, SourceDeprecating, SourceVersionPublished
from kiln.ids import digest
from kiln.parallel import run_within
from kiln.rebuild.contracts import CHECK_SOURCE, LIST_SOURCES, SourceReport, WatchedSource, WatchedSources
from kiln.rebuild.index import repair
from kiln.rebuild.new_versions import Deprecation, deprecating, new_versions
from kiln.rebuild.source import MarketplaceImage, named_version, source_of
from kiln.rebuild.source_records import SourceRecord, Sources
from kiln.runs.reading import reason
from kiln.runs.record import ProvisioningState
from kiln.runs.templates import Templates
from kiln.template.parse import parse_stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.events.cloud_events import CloudEvent
    from kiln.rebuild.contracts import WatchRound
    from kiln.rebuild.new_versions import SeenVersion

CHECK_SECONDS = 45.0
"""For one source; longer than what a look tries (kiln.cloud.marketplace_versions) and a publishing take."""

log = logging.getLogger("kiln.rebuild")


@implements(LIST_SOURCES)
def list_sources(request: WatchRound) -> WatchedSources:
    """Return each marketplace image that some template is built from, once; none if there is no topic to announce on.

    Images that no trigger follows are included, for subscribers of the topic. The order changes with each round, so
    that it is not always the same images for which a round has no time left.
    """
    if not publisher.is_on():
        return WatchedSources()
    found: dict[str, WatchedSource] = {}
    for used in _used(request.at):
        known = found.setdefault(used.source.key, used)
        named = tuple(sorted({*known.named, *used.named}))
        found[used.source.key] = known.model_copy(update={"named": named})
    in_turn = sorted(found.values(), key=lambda watched: digest(request.at, watched.source.key))
    return WatchedSources(sources=tuple(in_turn), repaired=_repaired(datetime.fromisoformat(request.at)))


def _repaired(now: datetime) -> int:
    try:
        return repair(now)
    except Exception:  # the index is a help for others, and no reason not to look
        log.exception("the index of dependents was not repaired")
        return 0


def _used(at: str) -> Iterator[WatchedSource]:
    """Yield what each template is built from, by reading it: that costs the marketplace nothing.

    A template whose submission failed builds nothing, and its source may be one that cannot be.
    """
    for record in Templates().read_each().contents:
        if record.provisioning_state in {ProvisioningState.FAILED, ProvisioningState.DELETING}:
            continue
        template = parse_stored(record.body)
        if template is None:
            continue
        source = source_of(template)
        if isinstance(source, MarketplaceImage):
            version = named_version(template)
            named = (version,) if version else ()
            yield WatchedSource(subscription=record.id.subscription, source=source, named=named, at=at)


@implements(CHECK_SOURCE)
def check_source(request: WatchedSource) -> SourceReport:
    """Ask the marketplace once for all versions, and announce what is new. What fails is noted, and never raised."""
    now = datetime.fromisoformat(request.at)
    try:
        report = run_within(CHECK_SECONDS, lambda: _check(request))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this source's alone, and noted for the doctor
        why = reason(error)
        log.warning("cannot look at %s: %s", request.source.key, why, extra={"source": request.source.key})
        Sources().note(request.source, why, now)
        return SourceReport(error=why)
    Sources().note(request.source, None, now)
    return report


def _check(request: WatchedSource) -> SourceReport:
    seen = marketplace_versions.versions(request.subscription, request.source)
    known = Sources().get(request.source.key) or SourceRecord(source=request.source)
    new, ending = new_versions(seen, known.newest), deprecating(seen, request.named, known.warned)
    events = [*_published(request, new, known.newest), *_deprecating(request, ending)]
    if not events:
        return SourceReport()
    publisher.publish(events)
    publisher.write_journal(events)
    warned = tuple(item.version for item in ending)
    Sources().remember(SourceRecord(source=request.source, newest=new[-1] if new else None, warned=warned))
    return SourceReport(versions=new, deprecating=warned)


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
