"""Tags as Azure takes them, so that a build does not fail of them when there is something to tag.

Limits: Microsoft's "Use tags to organize your Azure resources and management hierarchy", "Limitations". What Resource
Manager says of a name with a reserved character (InvalidTagNameCharacters) excepts those that begin with hidden or
link, which its portal makes; what it says of an empty one (InvalidTagName), those of white space alone.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Annotated, Any

from kiln.template.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.rules import Broken

MOST = 50
"""Tags of one resource."""
LONGEST_NAME, LONGEST_VALUE = 512, 256
LONGEST_NAME_OF_ACCOUNT = 128
"""Characters, where a storage account is tagged, too."""
METADATA = 8 * 1024
"""Bytes of a blob's metadata, names and values together ("Setting and retrieving properties and metadata")."""
OWN_METADATA = 256
"""Bytes of it that Kiln's own two tags have at the most."""
_RESERVED = re.compile(r"[<>%&\\?/]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tags_rule(own: int = 0, longest_name: int = LONGEST_NAME) -> Rule:
    """Return the rule of tags beside which a resource gets `own` of Kiln's."""
    schema = {"maxProperties": MOST - own, "propertyNames": {"minLength": 1, "maxLength": longest_name}}
    return Rule(functools.partial(_check, most=MOST - own, longest_name=longest_name), schema)


def _check(tags: Any, *, most: int, longest_name: int) -> Iterator[Broken]:
    if not isinstance(tags, dict):
        return
    if len(tags) > most:
        besides = f", for Azure takes {MOST} and Kiln adds {MOST - most}" if most < MOST else ""
        yield (), f"expected {most} tags at the most{besides}; these are {len(tags)}"
    seen: set[str] = set()
    for name, value in tags.items():
        if (wrong := _wrong(name, value, longest_name)) is not None:
            yield (name,), wrong
        elif name.lower() in seen:
            yield (name,), "expected names that differ in more than their case, of which Azure's tags know none"
        seen.add(name.lower())


def _wrong(name: str, value: Any, longest_name: int) -> str | None:
    if not name.strip():
        return "expected a tag's name that is not blank"
    if len(name) > longest_name:
        return f"expected a tag's name of {longest_name} characters at the most; this has {len(name)}"
    if _CONTROL.search(name) or (_RESERVED.search(name) and not name.lower().startswith(("hidden", "link"))):
        return "expected a tag's name without <, >, %, &, \\, ?, / and control characters"
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return f"expected a tag's value of {LONGEST_VALUE} characters at the most; this has {len(value)}"
    return None


def _check_metadata(tags: Any) -> Iterator[Broken]:
    """Yield that the tags of a VHD, which become its metadata, are too much for a blob."""
    if isinstance(tags, dict):
        size = sum(len(f"{name}{value}".encode(errors="replace")) for name, value in tags.items())
        if size > METADATA - OWN_METADATA:
            yield (), f"expected {METADATA - OWN_METADATA} bytes at the most, as a VHD's metadata; these are {size}"


ResourceTags = Annotated[dict[str, str], tags_rule()]
ManagedTags = Annotated[dict[str, str], tags_rule(own=6, longest_name=LONGEST_NAME_OF_ACCOUNT)]
"""Of the staging group and all in it, a storage account too; Kiln's own are in kiln.runs.tags."""
ArtifactTags = Annotated[dict[str, str], tags_rule(own=4)]
"""Of an image; a gallery version also carries its lineage (kiln.runs.lineage)."""
VhdTags = Annotated[ArtifactTags, Rule(_check_metadata)]
