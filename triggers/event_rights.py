"""The right to wait for an event: a trigger may wait for those that the caller who stores it may read.

A trigger that fires reveals that there was such an event. Only events that Kiln
receives in any case are checked: its own, and Azure's about images. All others come by the operator's subscriptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import NotAuthorized
from kiln.events.received import OWN_TYPES, WRITE_SUCCESS
from kiln.ids import PROVIDER
from kiln.template.trigger_kinds.event import EventTrigger

if TYPE_CHECKING:
    from kiln.template.triggers import Trigger
    from triggers.call import Call

COMING = OWN_TYPES | {WRITE_SUCCESS}
"""Kiln's own, and the writes of resources by which it knows of images' versions."""


def check_may_listen(call: Call, trigger: Trigger) -> None:
    """Raise `NotAuthorized` when an Event trigger waits for such events that the caller may not read.

    Without `sources` it waits for those of all templates.
    """
    properties = trigger.properties
    if not isinstance(properties, EventTrigger) or COMING.isdisjoint(properties.filter.types):
        return
    for source in properties.filter.sources or ("/",):
        if not call.may("events/read", source):
            raise NotAuthorized(
                f"The trigger waits for events from '{source}'; to read them you lack authorization to "
                f"perform action '{PROVIDER}/events/read' over that scope.",
                target=source,
                hint="Name in properties.filter.sources the templates that you may read.",
            )
