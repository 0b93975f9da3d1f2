"""Kiln's events as CloudEvents 1.0. An event's id is made of the fact that it tells, so the same fact has the same id.

This module owns ids, sources and subjects; it must not know who sends events, or when.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiln.events.event_types import EventType

if TYPE_CHECKING:
    from kiln.events.payloads import BuildPayload, Payload, SourceDeprecating, SourceVersionPublished
    from kiln.ids import RunRef


class CloudEvent(BaseModel):
    """An event as it is sent (github.com/cloudevents/spec, 1.0.2); `id` and `source` together identify it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, description="Deterministic: the same fact always has the same id.")
    source: str = Field(min_length=1, description="The ARM id of what the event is about.")
    type: EventType
    subject: str = Field(description="The run's id, the version, or the trigger's name.")
    time: datetime = Field(description="When it happened, in UTC.")
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str | None = Field(
        default=None,
        description="CloudEvents' extension: the events of one run sort by it, as text. Other events have none.",
    )
    data: dict[str, Any]


def of_run(payload: BuildPayload, at: datetime, *about: str) -> CloudEvent:
    """Return an event of a run. `about` distinguishes it from the run's other events of the same type."""
    return _event(payload, at, (payload.run_id, payload.type, *about), source=payload.template, subject=payload.run_id)


def of_trigger(payload: Payload, run: RunRef, trigger: str, at: datetime) -> CloudEvent:
    """Return an event of a trigger, which follows from the end of a run of its template."""
    return _event(payload, at, (run.run_id, payload.type, trigger), source=run.template.arm, subject=trigger)


def of_source(payload: SourceVersionPublished | SourceDeprecating, subscription: str, at: datetime) -> CloudEvent:
    """Return an event of a marketplace image, for which Kiln asked through `subscription`."""
    source = marketplace_id(subscription, payload.region, payload.publisher, payload.offer, payload.sku)
    parts = (payload.region, payload.publisher, payload.offer, payload.sku, payload.version)
    name = (payload.type, *(part.lower() for part in parts))
    return _event(payload, at, name, source=source, subject=payload.version)


def marketplace_id(subscription: str, region: str, publisher: str, offer: str, sku: str) -> str:
    """Return the ARM id of a marketplace image in a region, without its version."""
    return (
        f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{region}"
        f"/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}"
    )


def _event(payload: Payload, at: datetime, name: tuple[str, ...], *, source: str, subject: str) -> CloudEvent:
    return CloudEvent(
        id="/".join(name),
        source=source,
        type=payload.type,
        subject=subject,
        time=at.astimezone(UTC),
        data=payload.model_dump(mode="json", by_alias=True, exclude_none=True),
    )
