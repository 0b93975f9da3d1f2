"""Find targets of one template that would overwrite each other: the same managed image, VHD or version twice.

Azure's ids are compared without case, and versions as numbers. A blob's name has case, but can be written in two ways
(RFC 3986 section 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from kiln.ids import plain_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.rules import Broken


def collisions(distribute: Any) -> Iterator[Broken]:
    """Yield each target that makes the same image as a target before it."""
    if not isinstance(distribute, list):
        return
    first: dict[tuple[str, str], int] = {}
    for index, target in enumerate(distribute):
        if not isinstance(target, dict) or (found := _place(target)) is None:
            continue
        name, place = found
        before = first.setdefault((name, place), index)
        if before != index:
            yield (
                (index, name),
                f"expected another image than that of distribute[{before}], which would be overwritten",
            )


def _place(target: dict[str, Any]) -> tuple[str, str] | None:
    """Return the property that names the target's image, and its id in one spelling; None if Kiln chooses the name."""
    for name in ("imageId", "galleryImageId", "uri"):
        value = target.get(name)
        if isinstance(value, str) and value:
            place = _blob(value) if name == "uri" else _resource(value)
            return (name, place) if place and (name != "galleryImageId" or "/versions/" in place) else None
    return None


def _resource(arm_id: str) -> str:
    """Return an ARM id in one spelling; a version has no leading zeros in it."""
    parent, versions, version = arm_id.lower().rpartition("/versions/")
    return f"{parent}{versions}{plain_version(version)}" if versions else version


def _blob(uri: str) -> str | None:
    """Return a blob's URL in one spelling, or None for a text that is not a blob's URL."""
    try:
        parts = urlsplit(uri)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return None
    container, _, path = unquote(parts.path).lstrip("/").partition("/")
    if not path or path.endswith("/"):
        return None
    default = {"https": 443, "http": 80}.get(parts.scheme.lower())
    return f"{host}:{port or default}/{container}/{path}"
