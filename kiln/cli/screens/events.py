"""Events as lines: each has the time, the template or image, the type, and the most important data.

The events' types and data are those of docs/events.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from kiln.cli import wording
from kiln.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.cli.events import EventView

STYLES = {
    "Succeeded": "green",
    "PartiallySucceeded": "yellow",
    "Failed": "red",
    "Canceled": "yellow",
    "Deactivated": "red",
    "Reactivated": "green",
    "Deprecating": "yellow",
    "VersionPublished": "cyan",
    "Published": "bold green",
}
_WHO = 16


def event_line(event: EventView) -> Text:
    """Return an event as one line, with its time in UTC."""
    kind = event.type.removeprefix("Kiln.")
    line = Text(f"{event.time:%H:%M:%S}  ", style="dim")
    line.append(f"{one_line(_who(event)):<{_WHO}}  ")
    line.append(f"{one_line(kind):<28}", style=STYLES.get(event.type.rpartition(".")[2], ""))
    line.append(f"  {one_line(_facts(event))}")
    line.rstrip()
    return line


def _who(event: EventView) -> str:
    """Return the last name in an event's source: a template, or a marketplace image's SKU."""
    return event.source.rstrip("/").rpartition("/")[2]


def _facts(event: EventView) -> str:
    tell = _FACTS.get(event.type) or (_end if "seconds" in event.data else None)
    return tell(event.data) if tell else event.subject


def _marketplace(data: dict[str, Any]) -> str:
    image = ":".join(str(data.get(part)) for part in ("publisher", "offer", "sku"))
    return f"{image} {data.get('version')} in {data.get('region')}"


def _region(data: dict[str, Any]) -> str:
    return f"{data.get('version') or ''} in {data.get('region')}".lstrip()


def _image(data: dict[str, Any]) -> str:
    output = data.get("output") or {}
    made = output.get("artifactId") or output.get("artifactUri") or ""
    return f"{made} {_source(data)}".strip()


def _source(data: dict[str, Any]) -> str:
    source = data.get("source") or {}
    image, version = source.get("image"), source.get("version")
    return f"from {str(image).rpartition('/')[2]} {version or ''}".rstrip() if image else ""


def _end(data: dict[str, Any]) -> str:
    error = data.get("error") or {}
    why = f": {error.get('code')}: {error.get('message')}" if error else ""
    return f"in {wording.duration(float(data['seconds']))}{why}"


_FACTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Kiln.SourceImage.VersionPublished": _marketplace,
    "Kiln.SourceImage.Deprecating": _marketplace,
    "Kiln.Build.Started": _source,
    "Kiln.Build.PhaseChanged": lambda data: str(data.get("phase")),
    "Kiln.Image.RegionReady": _region,
    "Kiln.Image.Published": _image,
    "Kiln.Trigger.Deactivated": lambda data: str(data.get("trigger")),
    "Kiln.Trigger.Reactivated": lambda data: str(data.get("trigger")),
}
