"""Lists of resources as Resource Manager gives them: filtered, and a page at a time.

It owns the documented filters and the next link; it must not know where the resources come from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from devkit.azure.errors import invalid
from devkit.azure.routing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.azure.routing import Call
    from devkit.azure.store import Resource

PAGE = 1000
"""Resources on a page where `$top` does not ask for fewer."""
_BY_TAG = re.compile(r"\s*tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?\s*", re.IGNORECASE)
_BY_TYPE = re.compile(r"\s*resourceType eq '([^']*)'\s*", re.IGNORECASE)


def by_tag(text: str) -> Callable[[Resource], bool] | None:
    """Return the test of a filter `tagName eq 'x'`, perhaps with `and tagValue eq 'y'`; None for any other filter."""
    match = _BY_TAG.fullmatch(text)
    if match is None:
        return None
    name, value = match[1].lower(), match[2]

    def has(resource: Resource) -> bool:
        tags = {tag.lower(): found for tag, found in resource.doc.get("tags", {}).items()}  # names are case-insensitive
        return name in tags and value in {None, tags[name]}

    return has


def filtered(call: Call, resources: list[Resource], *, types: bool) -> list[Resource]:
    """Return the resources that `$filter` asks for. Raises ArmError (400) for a filter that is not known.

    `types` says whether `resourceType eq 'x'` is one of the filters.
    """
    text = call.query.get("$filter")
    if text is None:
        return resources
    wanted = by_tag(text)
    kind = _BY_TYPE.fullmatch(text) if types else None
    if wanted is not None:
        return [resource for resource in resources if wanted(resource)]
    if kind is not None:
        return [resource for resource in resources if resource.type.lower() == kind[1].lower()]
    raise invalid(f"The filter '{text}' is not one that the local Azure knows.", "$filter")


def by_tag_value(call: Call) -> bool:
    """Whether `$filter` asks for a tag's value: the list then has no tags ("Resources - List", `$filter`)."""
    match = _BY_TAG.fullmatch(call.query.get("$filter", ""))
    return match is not None and match[2] is not None


def page(call: Call, documents: list[dict[str, Any]], *, size: int = PAGE) -> Answer:
    """Answer one page: as many as `$top` says, else `size`, from where the next link before it ended."""
    top, skip = (_natural(call, name, default) for name, default in (("$top", size), ("$skiptoken", 0)))
    body: dict[str, Any] = {"value": documents[skip : skip + top]}
    if skip + top < len(documents):
        kept = {name: value for name, value in call.query.items() if name.lower() not in {"$skiptoken", "api-version"}}
        rest = urlencode({**kept, "$skiptoken": skip + top})
        body["nextLink"] = f"{call.url(call.path)}&{rest}"
    return Answer(200, body)


def _natural(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdigit() or (name == "$top" and int(text) == 0):
        raise invalid(f"The value '{text}' of {name} is not a number of resources.", name)
    return int(text)
