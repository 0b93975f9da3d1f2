"""Templates that a caller may see, and the latest run that each is shown with, where that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import DocumentUnreadable
from kiln.ids import TemplateId
from kiln.runs.reading import tell
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.runs.record import RunRecord, TemplateRecord
    from triggers.call import Call


def readable_keys(call: Call, action: str, group: str | None) -> Iterator[str]:
    """Yield the keys of the templates of the subscription, or of its group, for which the caller may do `action`."""
    for key in Templates().keys(call.subscription, group):
        subscription, within, name = key.split("/")
        if call.may(action, TemplateId(subscription=subscription, group=within, name=name).arm):
            yield key


def shown_run(template: TemplateRecord) -> RunRecord | None:
    """Return the run that a template is shown with, its latest; None, too, when that cannot be read."""
    try:
        return Runs().latest(template)
    except DocumentUnreadable as error:
        tell(error)
        return None
