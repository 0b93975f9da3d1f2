"""What is said about new source images and the rebuilds that follow from them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.ids import RunRef, TemplateId
from kiln.rebuild.source import MarketplaceImage, Source


class WatchRequest(Message):
    """Look at all marketplace images that templates follow."""


class WatchRound(Message):
    """A round of the watcher, begun at `at` (ISO 8601)."""

    at: str


class WatchedSource(Message):
    """A marketplace image to look at, at `at` (ISO 8601), through a subscription; `named` are versions in templates."""

    subscription: str
    source: MarketplaceImage
    named: tuple[str, ...] = ()
    at: str


class WatchedSources(Message):
    """All of them; `repaired` entries of the index were not as they should be."""

    sources: tuple[WatchedSource, ...] = ()
    repaired: int = 0


class SourceReport(Message):
    """What a look at a source led to: versions that were announced, those about to go, or why it failed."""

    versions: tuple[str, ...] = ()
    deprecating: tuple[str, ...] = ()
    error: str | None = None


class SourceVersion(Message):
    """A version of a source image that an event told of: `event` is its id, `at` its time (ISO 8601)."""

    source: Source
    version: str
    event: str
    at: str


class VersionFacts(Message):
    """The version as Azure has it; `gone` tells that it has not. `regions` None: wherever the source is.

    `maker` is the key of the template that made it, `lineage` those that led to it.
    """

    gone: bool = False
    regions: tuple[str, ...] | None = None
    excluded: bool = False
    maker: str | None = None
    lineage: tuple[str, ...] = ()
    published: datetime | None = None


class DependentsRequest(Message):
    """Who follows the source; `by` is the orchestration that asks, at `at` (ISO 8601)."""

    found: SourceVersion
    by: str
    at: str


class DependentTrigger(Message):
    """A trigger of a template that follows the source. `made` tells the template from others of its name."""

    template: TemplateId
    made: datetime
    trigger: str


class DependentTriggers(Message):
    """All of them, in order."""

    triggers: tuple[DependentTrigger, ...] = ()


class RebuildRequest(Message):
    """Rebuild a template for a version, if it has to be. `by` is the orchestration that does.

    `attempt` counts the looks that were had already.
    """

    found: SourceVersion
    facts: VersionFacts
    target: DependentTrigger
    by: str
    attempt: int = 0


class ClaimRequest(Message):
    """Decide at `at` (ISO 8601) what is to be done."""

    rebuild: RebuildRequest
    at: str


class Claim(Message):
    """What is to be done: nothing, look again after `seconds`, or build the run, whose orchestration's id is given."""

    decision: Literal["skip", "wait", "start"]
    reason: str
    seconds: float = 0.0
    run: RunRef | None = None
    instance_id: str | None = None


class SlotRequest(Message):
    """A run that a trigger started is over."""

    run: RunRef


class Rebuilt(Message):
    """What became of one template: the run that was made, or why none was."""

    template: str
    run_id: str | None = None
    reason: str


class RebuildReport(Message):
    """What became of all of them."""

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
