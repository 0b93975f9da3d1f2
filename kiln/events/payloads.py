"""The payloads of Kiln's events: one model for the `data` of each type.

The JSON Schemas in docs/events are made from these models. All of it is public: no field may hold a secret, so there
are no signed URLs, no scripts and no template bodies.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kiln.events.event_types import EventType

TEXT_LIMIT = 4000
"""Most characters of an error's text: events are charged by 64 KB ("Event Grid pricing") and have 1 MB at the most."""


class Shape(BaseModel):
    """Base of all parts of payloads: frozen, without unknown fields, in camel case when sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Payload(Shape):
    """Base of the `data` of an event, whose type is `type`."""

    type: ClassVar[EventType]


class SourceImage(Shape):
    """The source of an image. `image` is `publisher:offer:sku`, or the ARM id of an image or of its definition."""

    type: Literal["PlatformImage", "ManagedImage", "SharedImageVersion"]
    image: str
    version: str | None = Field(default=None, description="The exact version; unknown until the build has its plan.")


class ImageError(Shape):
    """The reason for a failure: `code` is for programs; `message`, `target` and `hint` are for people."""

    code: str
    message: str = Field(max_length=TEXT_LIMIT)
    target: str | None = Field(default=None, description="The property of the template, or the resource.")
    hint: str | None = Field(default=None, max_length=TEXT_LIMIT, description="What to do next.")


class Output(Shape):
    """The output of one distributor of the template: a resource (`artifactId`) or a VHD (`artifactUri`, unsigned)."""

    name: str
    kind: Literal["SharedImage", "ManagedImage", "VHD"]
    artifact_id: str | None = None
    artifact_uri: str | None = None
    regions: tuple[str, ...] = Field(default=(), description="Where the image can be used.")
    error: ImageError | None = Field(
        default=None, description="Why the image is missing, or missing in some of its regions."
    )


class BuildPayload(Payload):
    """The data of all events of a build. `template` is the template's ARM id, `templateVersion` counts from 1."""

    template: str
    template_version: int
    run_id: str
    retry_of: str | None = Field(default=None, description="The run that this one goes on from.")


class BuildStarted(BuildPayload):
    """A build began: its orchestration runs, and its plan is being made."""

    type = EventType.BUILD_STARTED
    source: SourceImage | None = None
    requested: datetime


class BuildPhaseChanged(BuildPayload):
    """A phase of a build began, which ended the one before it."""

    type = EventType.BUILD_PHASE_CHANGED
    phase: str
    previous: str | None = None
    previous_seconds: float | None = Field(default=None, description="How long the phase before it took.")


class BuildEnded(BuildPayload):
    """The data of all events of a build's end. `phaseSeconds` has the seconds of each phase that has ended."""

    seconds: float = Field(description="From the request to the end.")
    phase_seconds: dict[str, float] = Field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    leftovers: tuple[str, ...] = Field(default=(), description="Resources that could not be deleted, with the reason.")


class BuildSucceeded(BuildEnded):
    """A build ended well: every image is where the template wants it."""

    type = EventType.BUILD_SUCCEEDED


class BuildPartiallySucceeded(BuildEnded):
    """A build ended with some of its images, or with images that are not in every region; `outputs` say which."""

    type = EventType.BUILD_PARTIALLY_SUCCEEDED


class BuildFailed(BuildEnded):
    """A build failed. Its whole log is at `logUrl`, which is not signed: reading it takes a role on the account."""

    type = EventType.BUILD_FAILED
    error: ImageError | None = None
    phase: str | None = Field(default=None, description="The phase in which it stopped.")
    log_url: str | None = None


class BuildCanceled(BuildEnded):
    """A build was canceled on request, and has cleaned up."""

    type = EventType.BUILD_CANCELED
    phase: str | None = Field(default=None, description="The phase in which it stopped.")


class ImageRegionReady(BuildPayload):
    """An image can be used in one region. The build goes on, and the image may not be in its other regions yet."""

    type = EventType.IMAGE_REGION_READY
    output: str
    artifact_id: str
    version: str | None = Field(default=None, description="Of an image version in a gallery.")
    region: str


class ImagePublished(BuildPayload):
    """A build made a finished image. Sent when the build has ended, once for each image; `runState` says how it ended.

    An image of a `Failed` run exists, but its validation failed, or the build was stopped at another image.
    """

    type = EventType.IMAGE_PUBLISHED
    output: Output
    version: str | None = Field(default=None, description="Of an image version in a gallery.")
    source: SourceImage | None = None
    template_hash: str = Field(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of the template as it was built: JSON, keys sorted, no spaces."
    )
    run_state: Literal["Succeeded", "PartiallySucceeded", "Failed", "Canceled"]
    seconds: float = Field(description="Of the build, from the request to the end.")
    phase_seconds: dict[str, float] = Field(default_factory=dict)


class Marketplace(Payload):
    """A version of a marketplace image, as one region has it. Regions get a version at different times."""

    publisher: str
    offer: str
    sku: str
    region: str
    version: str


class SourceVersionPublished(Marketplace):
    """The marketplace has a new version of an image in a region that some template builds from."""

    type = EventType.SOURCE_VERSION_PUBLISHED
    previous: str | None = Field(
        default=None, description="The newest version before; none if this is the first that Kiln sees."
    )


class Alternative(Shape):
    """The image that the publisher names in place of a deprecated one."""

    kind: str
    value: str


class SourceDeprecating(Marketplace):
    """The marketplace marks a version in use as ScheduledForDeprecation: templates must move before `scheduled`."""

    type = EventType.SOURCE_DEPRECATING
    scheduled: datetime | None = None
    alternative: Alternative | None = None


class TriggerDeactivated(Payload):
    """A trigger was switched off after `failures` failed builds in a row. One successful build switches it on again."""

    type = EventType.TRIGGER_DEACTIVATED
    template: str
    trigger: str
    failures: int
    last_run_id: str | None = None
    last_error: ImageError | None = None


class TriggerReactivated(Payload):
    """A trigger that was switched off after failed builds works again."""

    type = EventType.TRIGGER_REACTIVATED
    template: str
    trigger: str
    run_id: str | None = Field(default=None, description="The build that succeeded.")


PAYLOADS: tuple[type[Payload], ...] = (
    BuildStarted,
    BuildPhaseChanged,
    ImageRegionReady,
    ImagePublished,
    BuildSucceeded,
    BuildPartiallySucceeded,
    BuildFailed,
    BuildCanceled,
    SourceVersionPublished,
    SourceDeprecating,
    TriggerDeactivated,
    TriggerReactivated,
)
"""The payloads of all types, in the order in which a reader meets them."""
