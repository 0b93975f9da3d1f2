"""ETags of image templates, and the conditions that clients set with them.

An ETag has two halves. The first stands for what clients write (the body), and is all that If-Match looks at: a run
that goes on, or a submission that ends, is no reason to refuse a change. The second stands for all that is shown, and
If-None-Match looks at both.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from kiln.errors import Conflict, PreconditionFailed
from kiln.runs.naming import delete_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.ids import TemplateId
    from kiln.runs.record import TemplateRecord

_HALF = 16
"""Hexadecimal digits of each half."""


def etag(record: TemplateRecord, resource: dict[str, Any]) -> str:
    """Return the ETag of a template that is shown as `resource`."""
    return f'"{_written(record)}-{_digest(resource)}"'


def may_write(condition: str, record: TemplateRecord) -> bool:
    """Whether If-Match allows to change the template as it is now."""
    return any(tag == "*" or tag[1 : _HALF + 1] == _written(record) for tag in _tags(condition))


def is_known(condition: str, tag: str) -> bool:
    """Whether If-None-Match says that the client has the very answer whose ETag is `tag`."""
    return any(known in {"*", tag} for known in _tags(condition))


def check_put(headers: Mapping[str, str], template: TemplateId, stored: TemplateRecord | None) -> None:
    """Raise `PreconditionFailed` unless a PUT's conditions hold for the template that is stored under its name."""
    if headers.get("If-None-Match") == "*" and stored is not None:
        raise Conflict(
            "Update/Upgrade of image templates is currently not supported: "
            f"{template.arm} exists, and the request has the header If-None-Match: *.",
            target=template.arm,
            hint="Without that header Kiln updates the template.",
        )
    check_if_match(headers, template, stored)


def check_if_match(headers: Mapping[str, str], template: TemplateId, stored: TemplateRecord | None) -> None:
    """Raise `PreconditionFailed` when the template is not one that `If-Match` names."""
    condition = headers.get("If-Match")
    if condition is not None and (stored is None or not may_write(condition, stored)):
        raise PreconditionFailed(
            f"The image template {template.arm} is not the one that If-Match names.", target=template.arm
        )


def _written(record: TemplateRecord) -> str:
    """Return the ETag's first half: a digest of this very template, its version and its body."""
    return _digest([delete_instance(record), record.version, record.body])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_HALF]


def _tags(condition: str) -> list[str]:
    """Return the tags that a condition lists; a weak one counts as what it names."""
    return [tag.strip().removeprefix("W/") for tag in condition.split(",")]
