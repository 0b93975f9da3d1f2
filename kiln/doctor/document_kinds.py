"""The kinds of Kiln's own documents as the doctor sees them: form, what one harms that cannot be read, and the fix.

Here are all kinds of which there are no more than templates, triggers and what is going have. What there is one of for
each run or request (`NOT_READ`) is told where it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.automation.listeners import Listener
from kiln.automation.pending_events import PendingEvents
from kiln.automation.trigger_secrets import StoredSecret
from kiln.events.outbox import Outbox
from kiln.rebuild.claims import RebuildRecord
from kiln.rebuild.dependents import Dependent
from kiln.rebuild.records import Slots
from kiln.rebuild.source_records import SourceRecord
from kiln.runs.group_claims import GroupClaim
from kiln.runs.installation import Installation
from kiln.runs.record import TemplateRecord, TriggerRecord
from kiln.runs.reservations import Reservation
from kiln.runs.template_secrets import StoredUrl
from kiln.sweep.leftovers import RunLeftovers

if TYPE_CHECKING:
    from pydantic import BaseModel

RESTORE = 'Restore an earlier version of it (docs/operations.md, "Documents that cannot be read").'
STORE_TRIGGER = "Store the trigger again: kiln trigger put."
NOT_READ = ("runs/", "plans/", "ledgers/", "versions/", "operations/", "health/", "sweeps/", "purges/")
"""Kinds that are not looked at; the last three are replaced by the next of their kind."""


@dataclass(frozen=True)
class Kind:
    """Documents whose paths start with `prefix`, have `part` and lack `without`: their form, what one harms, the fix.

    One that is `removable` is made anew, or `fix` says what is lost with it; the command is put after that.
    """

    prefix: str
    form: type[BaseModel]
    harm: str
    fix: str
    removable: bool = True
    part: str = ""
    without: str = "\n"


KINDS = (
    Kind(
        "installation.json",
        Installation,
        "Kiln does not know by which mark it knows what it made: nothing is submitted, built, deleted or swept.",
        f"{RESTORE} Its id is the tag kilnInstallation of each staging group. Do not remove it: with another id Kiln "
        "takes nothing that it made for its own.",
        removable=False,
    ),
    Kind(
        "templates/",
        TemplateRecord,
        "The template can be neither shown, built, changed nor deleted, and nothing that may be its is swept.",
        f"{RESTORE} If it is not wanted any more, remove it, and what it left is swept; its name is free then:",
    ),
    Kind(
        "triggers/",
        TriggerRecord,
        "The trigger does not fire.",
        f"{STORE_TRIGGER} Or delete it: kiln trigger delete.",
        removable=False,
    ),
    Kind(
        "secrets/",
        StoredSecret,
        "The trigger's webhook lets nobody in.",
        "Store the trigger again, with its secret: kiln trigger put.",
        removable=False,
        without="/urls/",
    ),
    Kind(
        "secrets/",
        StoredUrl,
        "A file of the template cannot be fetched.",
        "Submit the template again, with the whole URL: kiln build.",
        removable=False,
        part="/urls/",
    ),
    Kind("pending-events/", PendingEvents, "The trigger does not fire.", STORE_TRIGGER, removable=False),
    Kind("listeners/", Listener, "Events of one type do not fire the trigger.", STORE_TRIGGER, removable=False),
    Kind(
        "dependents/",
        Dependent,
        "New versions of its source do not build the template.",
        "It is written anew within the quarter of an hour after it was removed:",
    ),
    Kind(
        "producers/",
        Dependent,
        "Templates that are built from this one do not wait for it.",
        STORE_TRIGGER,
        removable=False,
    ),
    Kind(
        "sources/",
        SourceRecord,
        "New versions of the marketplace image are not announced.",
        "The next look begins it anew, and the one after announces the newest version again; at once, by removing it:",
    ),
    Kind(
        "rebuilds/",
        RebuildRecord,
        "New versions of its source do not build the template.",
        "What it was built from is known by its runs; remove it:",
    ),
    Kind(
        "rebuild-slots.json",
        Slots,
        "It is not known which rebuilds are going.",
        "The next rebuild begins it anew; at once, by removing it:",
    ),
    Kind(
        "groups/",
        GroupClaim,
        "No template whose staging group it is can be submitted, built or deleted.",
        "Once it is removed, the template that uses the group next has it:",
    ),
    Kind(
        "reservations/",
        Reservation,
        "No run can make this version of the image.",
        "See that no run is about to make the version (kiln list), then remove it:",
    ),
    Kind(
        "leftovers/",
        RunLeftovers,
        "What the run left is deleted only as far as its tags tell of it: no VHD is.",
        f"{RESTORE} Or look into the template's staging group, and once nothing of the run is left there, remove it:",
    ),
    Kind("outbox/", Outbox, "Nobody is told the run's events.", f"{RESTORE} Or remove it; its events are lost then:"),
)
