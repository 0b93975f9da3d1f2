"""The templates that a list is about: those in its path's place for which the caller has a right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import TemplateId
from kiln.runs.store import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triggers.call import Call


def readable_keys(call: Call, action: str, group: str | None) -> Iterator[str]:
    """Yield the keys of the templates of the subscription, or of its group, for which the caller may do `action`."""
    for key in Templates().keys(call.subscription, group):
        subscription, within, name = key.split("/")
        if call.may(action, TemplateId(subscription=subscription, group=within, name=name).arm):
            yield key
