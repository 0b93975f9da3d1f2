"""ARM resource ids: taking them apart and comparing them.

It owns the syntax /subscriptions/{s}/resourceGroups/{g}/providers/{ns}/{type}/{name}...; it must not know any resource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devkit.azure.errors import invalid

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"(?:/providers/(?P<namespace>[^/]+)(?P<rest>(?:/[^/]+/[^/]+)+))?",
    re.IGNORECASE,
)


def key(resource_id: str) -> str:
    """Fold an id to what it is compared by: ARM ids are case-insensitive and double slashes count once."""
    return re.sub("/+", "/", resource_id).rstrip("/").lower()


@dataclass(frozen=True)
class ResourceId:
    """An id taken apart; `type` is empty for a resource group."""

    subscription: str
    group: str
    type: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The resource's own name, without its parents'."""
        return self.names[-1]


def parse(text: str, target: str | None = None) -> ResourceId:
    """Take an id apart. Raises ArmError (400, LinkedInvalidPropertyId) naming `target` if it is none."""
    match = _ID.fullmatch(re.sub("/+", "/", text))
    if match is None:
        raise invalid(f"Property id '{text}' at path '{target}' is not a fully qualified resource Id.", target)
    pairs = (match["rest"] or "").strip("/").split("/")
    kind = "/".join([match["namespace"] or "", *pairs[0::2]]) if match["namespace"] else ""
    names = tuple(pairs[1::2]) if match["namespace"] else (match["group"],)
    return ResourceId(match["subscription"], match["group"], kind, names)


def parent(resource_id: str) -> str:
    """Return the id of the resource that a nested resource lives in."""
    return resource_id.rsplit("/", 2)[0]


def group_id(resource_id: str) -> str:
    """Return the id of the resource group that a resource lives in."""
    return "/".join(resource_id.split("/")[:5])
