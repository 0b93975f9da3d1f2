"""Check a template's tags against Azure's limits, so that no build fails later because of them.

Limits: Microsoft's "Use tags to organize your Azure resources and management hierarchy", "Limitations". Resource
Manager's errors say the rest: names that begin with hidden or link, as its portal's do, may have reserved characters
(InvalidTagNameCharacters), and a name of white space alone counts as empty (InvalidTagName).
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
"""The most tags of one resource."""
LONGEST_NAME, LONGEST_VALUE = 512, 256
LONGEST_NAME_OF_ACCOUNT = 128
"""The most characters of the name of a storage account's tag."""
METADATA = 8 * 1024
"""The most bytes of a blob's metadata, names and values together ("Setting and retrieving properties and metadata")."""
OWN_METADATA = 256
"""The most bytes of it that Kiln's own two tags need."""
_RESERVED = re.compile(r"[<>%&\\?/]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tags_rule(own: int = 0, longest_name: int = LONGEST_NAME) -> Rule:
    """Return the rule for tags of a resource that also gets `own` tags of Kiln's."""
    schema = {"maxProperties": MOST - own, "propertyNames": {"minLength": 1, "maxLength": longest_name}}
    return Rule(functools.partial(_check, most=MOST - own, longest_name=longest_name), schema)


def _check(tags: Any, *, most: int, longest_name: int) -> Iterator[Broken]:
    if not isinstance(tags, dict):
        return
    if len(tags) > most:
        besides = f", as Azure allows {MOST} and Kiln adds {MOST - most}" if most < MOST else ""
        yield (), f"expected at most {most} tags{besides}; got {len(tags)}"
    seen: set[str] = set()
    for name, value in tags.items():
        if (wrong := _wrong(name, value, longest_name)) is not None:
            yield (name,), wrong
        elif name.lower() in seen:
            yield (
                (name,),
                "expected names that differ in more than case, as Azure compares names of tags without it",
            )
        seen.add(name.lower())


def _wrong(name: str, value: Any, longest_name: int) -> str | None:
    if not name.strip():
        return "expected a tag's name that is not blank"
    if len(name) > longest_name:
        return f"expected a tag's name of at most {longest_name} characters; got {len(name)}"
    if _CONTROL.search(name) or (_RESERVED.search(name) and not name.lower().startswith(("hidden", "link"))):
        return "expected a tag's name without <, >, %, &, \\, ?, / and control characters"
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return f"expected a tag's value of at most {LONGEST_VALUE} characters; got {len(value)}"
    return None


def _check_metadata(tags: Any) -> Iterator[Broken]:
    """Yield a problem if the tags of a VHD, which become its metadata, are too large for a blob."""
    if isinstance(tags, dict):
        size = sum(len(f"{name}{value}".encode(errors="replace")) for name, value in tags.items())
        if size > METADATA - OWN_METADATA:
            yield (), f"expected at most {METADATA - OWN_METADATA} bytes for a VHD's metadata; got {size}"


ResourceTags = Annotated[dict[str, str], tags_rule()]
ManagedTags = Annotated[dict[str, str], tags_rule(own=6, longest_name=LONGEST_NAME_OF_ACCOUNT)]
"""Tags of the staging group and of all resources in it, with the storage account; kiln.runs.tags has Kiln's own."""
ArtifactTags = Annotated[dict[str, str], tags_rule(own=4)]
"""Tags of an image; a gallery version also has its lineage as a tag (kiln.runs.lineage)."""
VhdTags = Annotated[ArtifactTags, Rule(_check_metadata)]
