"""The decision whether a template is rebuilt for a version of its source: skip, wait or start, with the reason. Pure.

The rules are in the order in which they apply. The caller gathers the facts (kiln/rebuild/facts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.rebuild.claims import RebuildRecord, ahead, done
from kiln.rebuild.source import version_order
from kiln.runs.lineage import DEEPEST, short_name
from kiln.runs.record import ProvisioningState
from kiln.template.trigger_kinds.source_image import matches_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.ids import TemplateId
    from kiln.runs.trigger_health import Health
    from kiln.template.trigger_kinds.source_image import SourceImageTrigger

FIRST_PAUSE = timedelta(seconds=5)
GROWTH = 1.5
LONGEST_PAUSE = timedelta(minutes=5)
"""The longest time between decisions while waiting for something without a known end: a run, a template, a slot."""

PRODUCER_LIMIT = timedelta(hours=4)
"""How long a template waits for the producers of its source: Image Builder's default build timeout."""


@dataclass(frozen=True)
class Version:
    """A version of a source. `regions` is None if it can be used wherever the source is.

    `maker` (a template's key) and `lineage` are from its tags; `published` is when it first existed.
    """

    name: str
    regions: tuple[str, ...] | None = None
    excluded: bool = False
    maker: str | None = None
    lineage: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True)
class RebuildFacts:
    """The facts of the decision: a template that may have to be rebuilt, as it is now.

    `source` is the key of the source that has the version, `follows` that of the source that the template follows.
    `built` is the newest version that a run which did not fail was built from. `going` is the run that is not over,
    `ended` is when the latest run ended. `producers` are other templates that are about to make versions of the source.
    `attempt` counts the earlier decisions.
    """

    source: str
    version: Version
    template: TemplateId
    region: str
    state: ProvisioningState
    follows: str | None
    trigger: SourceImageTrigger
    trigger_made: datetime
    health: Health
    record: RebuildRecord
    by: str
    now: datetime
    attempt: int = 0
    built: str | None = None
    going: str | None = None
    ended: datetime | None = None
    producers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skip:
    """The decision that nothing is built for this version."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """The decision to decide again after `pause`."""

    reason: str
    pause: timedelta


@dataclass(frozen=True)
class Start:
    """The decision to build now."""


Decision = Skip | Wait | Start


def decide(facts: RebuildFacts) -> Decision:
    """Return the decision: skip, wait or start."""
    for reason in _against(facts):
        return Skip(reason)
    for wait in _first(facts):
        return wait
    return Start()


def _against(it: RebuildFacts) -> Iterator[str]:
    """Yield the reasons why the template is not rebuilt for the version."""
    yield from _off(it)
    yield from _not_usable(it)
    yield from _cycles(it)
    if it.version.published is not None and it.version.published < it.trigger_made:
        yield f"version {it.version.name} is older than the trigger"
    if it.built is not None and version_order(it.built) >= version_order(it.version.name):
        yield f"the template was built from version {it.built}"
    if reason := done(it.record, it.version.name, it.by):
        yield reason
    other = ahead(it.record, it.version.name, it.by, it.now)
    if other is not None and other.decided:
        yield f"another event waits with version {other.version}"


def _off(it: RebuildFacts) -> Iterator[str]:
    """Yield the reasons why the trigger fires for no version at all."""
    if it.state in {ProvisioningState.DELETING, ProvisioningState.FAILED}:
        yield f"the template is {it.state.value}"
    if it.follows != it.source:
        yield "the template follows another source"
    if not it.trigger.enabled:
        yield "the trigger is not enabled"
    if it.health.is_deactivated:
        yield f"the trigger is deactivated after {it.health.failures} failures in a row"


def _not_usable(it: RebuildFacts) -> Iterator[str]:
    """Yield the reasons why the template cannot be built from this version, or is not to be."""
    version, trigger = it.version, it.trigger
    if not matches_version(trigger.version_filter, version.name):
        yield f"version {version.name} is not one of {trigger.version_filter}"
    if version.excluded:
        yield f"version {version.name} is excluded from latest"
    if version.regions is not None and it.region not in version.regions:
        yield f"version {version.name} is not in {it.region} yet"


def _cycles(it: RebuildFacts) -> Iterator[str]:
    """Yield the reasons why a build would follow from itself."""
    version = it.version
    if version.maker == it.template.key:
        yield f"version {version.name} was made by the template itself"
    if short_name(it.template) in version.lineage:
        yield f"version {version.name} was built from an image of this very template"
    if len(version.lineage) >= DEEPEST:
        yield f"version {version.name} is the last of {len(version.lineage)} images built from one another"


def _first(it: RebuildFacts) -> Iterator[Wait]:
    """Yield the waits for what has to happen before the build."""
    waiting = it.record.waiting
    if ahead(it.record, it.version.name, it.by, it.now) is not None:
        yield Wait("another event is about to be decided on", pause(it.attempt))
    since = waiting.since if waiting is not None else it.now
    window = since + it.trigger.batch_window - it.now
    if window > timedelta():
        yield Wait("the batch window is open", window)
    if it.ended is not None and (rest := it.ended + it.trigger.cool_down - it.now) > timedelta():
        yield Wait("the last run has not cooled down", rest)
    if it.state is not ProvisioningState.SUCCEEDED:
        yield Wait(f"the template is {it.state.value}", pause(it.attempt))
    if it.going is not None:
        yield Wait(f"run {it.going} is going", pause(it.attempt))
    if it.producers and it.now - since < PRODUCER_LIMIT:
        yield Wait(f"{', '.join(it.producers)} will make a version of the same source", pause(it.attempt))


def pause(attempt: int) -> timedelta:
    """Return the pause after that many decisions to wait for something without a known end."""
    return min(FIRST_PAUSE * GROWTH ** min(attempt, 20), LONGEST_PAUSE)
