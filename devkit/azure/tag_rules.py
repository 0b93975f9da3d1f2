"""Rules of tags in any request: refuses too many of them, and names and values that Azure does not take.

Limits: Microsoft's "Use tags to organize your Azure resources and management hierarchy", "Limitations"; codes: those
that Microsoft's Az.Migrate passes on. Two names that differ in case alone are one to Azure; its code for that is
documented nowhere, so InvalidTagName here is a guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devkit.azure.errors import ArmError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 50
_LONGEST_NAME, _LONGEST_VALUE = 512, 256
_LONGEST_NAME_OF_ACCOUNT = 128
_RESERVED = re.compile(r"[<>%&\\?/\x00-\x1f\x7f]")


def check(path: str, body: Any) -> None:
    """Refuse (400) a body whose tags the resource at `path` cannot have."""
    tags = body.get("tags") if isinstance(body, dict) else None
    if not isinstance(tags, dict):
        return
    if len(tags) > _MOST:
        raise _refusal("InvalidTagsCount", f"The maximum number of tags allowed is {_MOST}; these are {len(tags)}.")
    longest = _LONGEST_NAME_OF_ACCOUNT if "/storageaccounts/" in path.lower() else _LONGEST_NAME
    _check_names(tags, longest)
    for value in tags.values():
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            message = f"Tag value too large. The maximum length of a tag value is {_LONGEST_VALUE} characters."
            raise _refusal("InvalidTagValueLength", message)


def _check_names(names: Iterable[str], longest: int) -> None:
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            raise _refusal("InvalidTagName", "The tag name must be non-null, non-empty and non-whitespace only.")
        if len(name) > longest:
            raise _refusal("InvalidTagName", f"Tag key too large. The maximum length is {longest} characters.")
        if _RESERVED.search(name) and not name.lower().startswith(("hidden", "link")):
            message = f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
            raise _refusal("InvalidTagNameCharacters", message)
        if name.lower() in seen:
            raise _refusal(
                "InvalidTagName", f"The tag name '{name}' is there twice: names of tags are case-insensitive."
            )
        seen.add(name.lower())


def _refusal(code: str, message: str) -> ArmError:
    return ArmError(400, code, message, target="tags")
