"""The kinds of Kiln's own documents that the doctor reads: their form, the harm of an unreadable one, and the fix.

These are the kinds whose number is bounded by the templates, the triggers and the work that is under way. Kinds with
one document for each run or request (`NOT_READ`) are too many to read: an unreadable one is reported by what needs it.
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
"""Kinds that the doctor does not read; documents of the last three are soon overwritten by the next of their kind."""


@dataclass(frozen=True)
class Kind:
    """One kind of document, with the harm that an unreadable one does and the fix.

    Its paths start with `prefix`, contain `part` and do not contain `without`. A `removable` document is made anew by
    Kiln, or `fix` says what is lost with it; the command that removes it follows `fix`.
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
        "Kiln cannot tell which resources it made: nothing is submitted, built, deleted or swept.",
        f"{RESTORE} Its id is the tag kilnInstallation of each staging group. Do not remove it: with another id Kiln "
        "would not recognize anything that it made.",
        removable=False,
    ),
    Kind(
        "templates/",
        TemplateRecord,
        "The template can be neither shown, built, changed nor deleted, and no resource that may be its own is swept.",
        f"{RESTORE} If the template is not wanted any more, remove the document: its resources are swept, and its name "
        "is free again:",
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
        "The trigger's webhook refuses every request.",
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
        "Remove it, and Kiln writes it anew within a quarter of an hour:",
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
        "Kiln's next round begins it anew, and the round after that announces the newest version again. To begin it "
        "anew at once, remove it:",
    ),
    Kind(
        "rebuilds/",
        RebuildRecord,
        "New versions of its source do not build the template.",
        "Remove it: the template's runs tell which version it was built from:",
    ),
    Kind(
        "rebuild-slots.json",
        Slots,
        "Kiln does not know which rebuilds are under way.",
        "The next rebuild begins it anew. To begin it anew at once, remove it:",
    ),
    Kind(
        "groups/",
        GroupClaim,
        "No template that uses this staging group can be submitted, built or deleted.",
        "Remove it, and the group belongs to the template that uses it next:",
    ),
    Kind(
        "reservations/",
        Reservation,
        "No run can make this version of the image.",
        "Make sure that no run is about to make the version (kiln list), then remove it:",
    ),
    Kind(
        "leftovers/",
        RunLeftovers,
        "Only those leftovers of the run are deleted that can be found by their tags: no VHD is.",
        f"{RESTORE} Or look into the template's staging group, and once nothing of the run is left there, remove the "
        "document:",
    ),
    Kind("outbox/", Outbox, "The run's events are not published.", f"{RESTORE} Or remove it, and lose its events:"),
)
