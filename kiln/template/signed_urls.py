"""Find and replace the URLs in a template, any of which may carry a signature, by the models' marks.

kiln.redact knows what is secret in a URL, and kiln.runs keeps the secrets.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from kiln.template.base import Url
from kiln.template.models import ImageTemplate
from kiln.template.shape import root, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kiln.template.shape import Path


def urls(body: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each URL in a template's body, or in a part of one, in the body's order."""
    for place, value in walk(root(ImageTemplate), body):
        if place.shape.mark(Url) is not None and isinstance(value, str):
            yield place.path, value


def with_urls(body: dict[str, Any], replaced: Mapping[Path, str]) -> dict[str, Any]:
    """Return the body with the URLs at some paths replaced; without any, the very same body."""
    if not replaced:
        return body
    changed = copy.deepcopy(body)
    for path, url in replaced.items():
        *parents, last = path
        owner: Any = changed
        for part in parents:
            owner = owner[part]
        owner[last] = url
    return changed
