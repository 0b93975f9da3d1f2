"""The types of Kiln's own events."""

from enum import StrEnum


class EventType(StrEnum):
    """The names of Kiln's own events: a CloudEvent's `type`. Subscriptions filter by them, so they never change."""

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
