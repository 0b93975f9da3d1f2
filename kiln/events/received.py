"""Parser of events that Kiln receives, in either of Event Grid's schemas: into a fact, or a refusal with its reason.

It is pure and trusts nothing: whoever may post to the webhook may post anything. It neither acts on facts nor counts
refusals.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from kiln.events.cloud_events import marketplace_id
from kiln.events.event_types import EventType

EVENT_BYTES = 1024 * 1024
"""Most bytes of one event, as Event Grid itself takes them ("Azure Event Grid quotas and limits")."""
TEXT_LIMIT = 2048
"""Most characters of an attribute: longer than any ARM id."""
WRITE_SUCCESS = "Microsoft.Resources.ResourceWriteSuccess"
VERSION_WRITE = "microsoft.compute/galleries/images/versions/write"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_REGION = re.compile(r"[a-z0-9]{1,64}")
_VERSION = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10}){1,3}")
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})/", re.IGNORECASE)
# Names as Microsoft's "Naming rules and restrictions for Azure resources" has them.
_GALLERY_VERSION = re.compile(
    r"(?P<definition>/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w().-]{1,90}"
    r"/providers/Microsoft\.Compute/galleries/[\w.]{1,80}/images/[\w.-]{1,80})"
    r"/versions/(?P<version>[0-9]{1,10}\.[0-9]{1,10}\.[0-9]{1,10})",
    re.IGNORECASE,
)


class Reason(StrEnum):
    """The reasons for which events are refused, and by which refusals are counted."""

    OVERSIZE = "oversize"
    MALFORMED = "malformed"
    HOSTILE = "hostile"
    """A text that no honest sender sends: with control characters, or far too long."""
    INCONSISTENT = "inconsistent"
    """Its parts contradict each other, so it does not come from where it says."""
    UNKNOWN_TYPE = "unknown type"
    OF_NO_INTEREST = "of no interest"
    """The written resource is not a version of an image, or the event is one of Kiln's own announcements."""


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


OWN_TYPES = frozenset(item.value for item in EventType)


class Refusal(_Read):
    """A refused event. `detail` is safe to log: it quotes nothing that is not checked."""

    reason: Reason
    detail: str


class Received(_Read):
    """The attributes of an event under CloudEvents' names, in whichever schema it came; `data` is any JSON."""

    id: str
    type: str
    source: str
    subject: str = ""
    time: datetime | None = None
    data: Any = None


class SourceImageVersionPublished(_Read):
    """A version of a marketplace image is available in a region, as seen through a subscription."""

    subscription: str
    region: str
    publisher: str
    offer: str
    sku: str
    version: str

    @property
    def key(self) -> str:
        """The source's key in the index of dependents."""
        return f"marketplace/{self.region}/{self.publisher}/{self.offer}/{self.sku}".lower()


class GalleryVersionWritten(_Read):
    """A version of a gallery image was made or changed. The event does not say which, nor in which regions it is.

    `definition_id` is the image definition's ARM id. `method` is that of the request (PUT, PATCH), if Azure says it.
    """

    definition_id: str
    version: str
    method: str | None = None

    @property
    def key(self) -> str:
        """The source's key in the index of dependents."""
        return f"gallery/{self.definition_id}".lower()

    @property
    def version_id(self) -> str:
        """The version's ARM id."""
        return f"{self.definition_id}/versions/{self.version}"


Fact = SourceImageVersionPublished | GalleryVersionWritten


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason=reason, detail=detail)


def read(document: object) -> Fact | Refusal:
    """Return the fact that an event (decoded JSON) tells, or its refusal."""
    event = read_event(document)
    return event if isinstance(event, Refusal) else read_fact(event)


def read_event(document: object) -> Received | Refusal:
    """Return an event (decoded JSON) of any type, or its refusal."""
    try:
        _check_size(document)
        if isinstance(document, dict) and document.get("specversion") == "1.0":
            return _received(document, "type", "source", "time")
        if isinstance(document, dict) and "eventType" in document:
            return _received(document, "eventType", "topic", "eventTime")
    except _Refused as refused:
        return refused.refusal
    return Refusal(reason=Reason.MALFORMED, detail="neither a CloudEvent 1.0 nor an event of the Event Grid schema")


def read_fact(event: Received) -> Fact | Refusal:
    """Return the fact that an event tells, or its refusal."""
    try:
        match event.type:
            case EventType.SOURCE_VERSION_PUBLISHED:
                return _source_version(event)
            case type_ if type_ == WRITE_SUCCESS:
                return _gallery_version(event)
            case type_ if type_ in OWN_TYPES:
                return Refusal(reason=Reason.OF_NO_INTEREST, detail="it is one of Kiln's own announcements")
            case _:
                return Refusal(reason=Reason.UNKNOWN_TYPE, detail="Kiln does not act on its type")
    except _Refused as refused:
        return refused.refusal


def _check_size(document: object) -> None:
    try:
        size = len(json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass"))
    except (TypeError, ValueError, RecursionError):
        raise _Refused(Reason.MALFORMED, "not JSON, or nested too deeply") from None
    if size > EVENT_BYTES:
        raise _Refused(Reason.OVERSIZE, f"{size} bytes are more than {EVENT_BYTES}")


def _received(document: dict[str, Any], type_: str, source: str, time: str) -> Received:
    return Received(
        id=_text(document, "id"),
        type=_text(document, type_),
        source=_text(document, source),
        subject=_text(document, "subject") if document.get("subject") else "",
        time=_time(document, time) if document.get(time) else None,
        data=document.get("data"),
    )


def _text(container: dict[str, Any], name: str) -> str:
    value = container.get(name)
    if not isinstance(value, str) or not value:
        raise _Refused(Reason.MALFORMED, f"{name} is missing, empty or not a string")
    if len(value) > TEXT_LIMIT or not value.isprintable():
        raise _Refused(Reason.HOSTILE, f"{name} is longer than {TEXT_LIMIT} characters, or not printable")
    return value


def _time(document: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(document, name))
    except ValueError:
        raise _Refused(Reason.MALFORMED, f"{name} is not a time in ISO 8601") from None
    if moment.tzinfo is None:
        raise _Refused(Reason.MALFORMED, f"{name} has no time zone")
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise _Refused(Reason.MALFORMED, f"{name} in UTC is not between the years 1 and 9999") from None
    return moment


def _data(event: Received) -> dict[str, Any]:
    if not isinstance(event.data, dict):
        raise _Refused(Reason.MALFORMED, "data is not an object")
    return event.data


def _named(data: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(data, name)
    if not pattern.fullmatch(value):
        raise _Refused(Reason.HOSTILE, f"data.{name} is not a valid name")
    return value


def _source_version(event: Received) -> SourceImageVersionPublished:
    data = _data(event)
    region = _named(data, "region", _REGION)
    publisher, offer, sku = (_named(data, name, _NAME) for name in ("publisher", "offer", "sku"))
    version = _named(data, "version", _VERSION)
    seen = _SUBSCRIPTION.match(event.source)
    if seen is None or event.source.lower() != marketplace_id(seen[1], region, publisher, offer, sku).lower():
        raise _Refused(Reason.INCONSISTENT, "source is not the image that data names")
    if event.subject != version:
        raise _Refused(Reason.INCONSISTENT, "subject is not the version that data names")
    return SourceImageVersionPublished(
        subscription=seen[1], region=region, publisher=publisher, offer=offer, sku=sku, version=version
    )


def _gallery_version(event: Received) -> GalleryVersionWritten:
    data = _data(event)
    if _text(data, "operationName").lower() != VERSION_WRITE:
        raise _Refused(Reason.OF_NO_INTEREST, "the written resource is not a version of a gallery image")
    written = _GALLERY_VERSION.fullmatch(_text(data, "resourceUri"))
    if written is None:
        raise _Refused(Reason.HOSTILE, "data.resourceUri is not the id of a version of a gallery image")
    if event.subject.lower() != written[0].lower():
        raise _Refused(Reason.INCONSISTENT, "subject is not the resource that data names")
    request = data.get("httpRequest")
    method = request.get("method") if isinstance(request, dict) else None
    return GalleryVersionWritten(
        definition_id=written["definition"],
        version=written["version"],
        method=method if method in {"PUT", "PATCH"} else None,
    )
