"""Contracts of the watcher and of rebuilds: their activities and orchestrators, with their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.ids import RunRef, TemplateId
from kiln.rebuild.source import MarketplaceImage, Source


class WatchRequest(Message):
    """A request for a round of the watcher: ask for all marketplace images that templates follow."""


class WatchRound(Message):
    """A round of the watcher that began at `at` (ISO 8601)."""

    at: str


class WatchedSource(Message):
    """A marketplace image to ask for at `at` (ISO 8601), through a subscription; `named` are versions in templates."""

    subscription: str
    source: MarketplaceImage
    named: tuple[str, ...] = ()
    at: str


class WatchedSources(Message):
    """All marketplace images to ask for; `repaired` counts the entries of the index that were wrong or missing."""

    sources: tuple[WatchedSource, ...] = ()
    repaired: int = 0


class SourceReport(Message):
    """The result of asking for a source: versions that were announced, those about to be deprecated, or an error."""

    versions: tuple[str, ...] = ()
    deprecating: tuple[str, ...] = ()
    error: str | None = None


class SourceVersion(Message):
    """A version of a source that an event reported: `event` is the event's id, `at` its time (ISO 8601)."""

    source: Source
    version: str
    event: str
    at: str


class VersionFacts(Message):
    """A version as Azure has it, unless it is `gone`. `regions` is None if it is wherever the source is.

    `maker` is the key of the template that made it, `lineage` has the templates that led to it.
    """

    gone: bool = False
    regions: tuple[str, ...] | None = None
    excluded: bool = False
    maker: str | None = None
    lineage: tuple[str, ...] = ()
    published: datetime | None = None


class DependentsRequest(Message):
    """A request for the triggers that follow a source; `by` is the orchestration that asks, at `at` (ISO 8601)."""

    found: SourceVersion
    by: str
    at: str


class DependentTrigger(Message):
    """A trigger of a template that follows the source. `made` tells the template from others of its name."""

    template: TemplateId
    made: datetime
    trigger: str


class DependentTriggers(Message):
    """All triggers that follow a source, in order."""

    triggers: tuple[DependentTrigger, ...] = ()


class RebuildRequest(Message):
    """A request to rebuild a template for a version, if need be. `by` is the orchestration that does it.

    `attempt` counts the decisions before this one.
    """

    found: SourceVersion
    facts: VersionFacts
    target: DependentTrigger
    by: str
    attempt: int = 0


class ClaimRequest(Message):
    """A request to decide on a rebuild, at `at` (ISO 8601)."""

    rebuild: RebuildRequest
    at: str


class Claim(Message):
    """The decision on a rebuild: skip it, wait `seconds` and ask again, or build the run as `instance_id`."""

    decision: Literal["skip", "wait", "start"]
    reason: str
    seconds: float = 0.0
    run: RunRef | None = None
    instance_id: str | None = None


class SlotRequest(Message):
    """A request to free the slot of a run that is over."""

    run: RunRef


class Rebuilt(Message):
    """The result of a rebuild for one template: the run that was made, or why none was."""

    template: str
    run_id: str | None = None
    reason: str


class RebuildReport(Message):
    """The results of the rebuilds for a version, one for each template that follows the source."""

    source: str
    version: str
    templates: tuple[Rebuilt, ...] = ()


LIST_SOURCES = Activity("list_sources", WatchRound, WatchedSources)
CHECK_SOURCE = Activity("check_source", WatchedSource, SourceReport)
LOOK_UP_VERSION = Activity("look_up_version", SourceVersion, VersionFacts)
LIST_DEPENDENTS = Activity("list_dependents", DependentsRequest, DependentTriggers)
CLAIM_REBUILD = Activity("claim_rebuild", ClaimRequest, Claim)
FREE_SLOT = Activity("free_slot", SlotRequest, Nothing)
WATCH_SOURCES = Orchestrator("watch_sources", WatchRequest, Nothing)
REBUILD = Orchestrator("rebuild", SourceVersion, RebuildReport)
REBUILD_TEMPLATE = Orchestrator("rebuild_template", RebuildRequest, Rebuilt)
