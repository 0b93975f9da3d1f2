"""The names of Kiln's own events: what subscriptions filter by, so they never change.

It owns the names alone; payloads.py says what each event carries.
"""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """The `type` of a CloudEvent."""

    SOURCE_VERSION_PUBLISHED = "Kiln.SourceImage.VersionPublished"
    SOURCE_DEPRECATING = "Kiln.SourceImage.Deprecating"
    BUILD_STARTED = "Kiln.Build.Started"
    BUILD_PHASE_CHANGED = "Kiln.Build.PhaseChanged"
    BUILD_SUCCEEDED = "Kiln.Build.Succeeded"
    BUILD_PARTIALLY_SUCCEEDED = "Kiln.Build.PartiallySucceeded"
    BUILD_FAILED = "Kiln.Build.Failed"
    BUILD_CANCELED = "Kiln.Build.Canceled"
    IMAGE_REGION_READY = "Kiln.Image.RegionReady"
    IMAGE_PUBLISHED = "Kiln.Image.Published"
    TRIGGER_DEACTIVATED = "Kiln.Trigger.Deactivated"
    TRIGGER_REACTIVATED = "Kiln.Trigger.Reactivated"
