"""Notes on triggers."""

from __future__ import annotations

from kiln.template.notes.note import Note, Notes
from kiln.template.notes.template import RESOURCE
from kiln.template.trigger_kinds.event import EventFilter, EventTrigger
from kiln.template.trigger_kinds.schedule import ScheduleTrigger
from kiln.template.trigger_kinds.source_image import SourceImageTrigger
from kiln.template.trigger_kinds.webhook import WebhookTrigger
from kiln.template.triggers import Trigger

OWN = "AIB's triggers have no settings"
KIND = "AIB has no other kind than `SourceImage`"

SETTINGS = {
    "enabled": Note("Whether the trigger fires", OWN),
    "coolDown": Note("The least time between the end of a run and the start of the next one by this trigger", OWN),
    "batchWindow": Note("How long the trigger waits for more to fire for, before it starts one run for all of it", OWN),
    "failureLimit": Note(
        "The number of failed runs in a row after which the trigger is deactivated, until a run succeeds",
        "AIB deactivates a trigger without telling anybody",
    ),
    "status": Note("Read-only: `code`, `message` and `time`; ignored when sent", "more codes, and more times"),
    "provisioningState": Note("Read-only; ignored when sent"),
}
"""Notes on the properties that all kinds of triggers have."""

NOTES: Notes = {
    Trigger: {**RESOURCE, "properties": Note("The trigger itself", "required; optional in AIB's definition")},
    SourceImageTrigger: {
        **SETTINGS,
        "kind": Note("`SourceImage`: a new version of the source starts a build"),
        "versionFilter": Note("The versions that count: a pattern (`22.*`) or limits (`>=22.4 <24`)", OWN),
    },
    ScheduleTrigger: {
        **SETTINGS,
        "kind": Note("`Schedule`: the clock starts a build", KIND),
        "schedule": Note("An NCRONTAB expression of five fields, or of six with one number for the seconds", KIND),
        "timeZone": Note("The IANA name of the zone whose clock counts", KIND),
    },
    EventTrigger: {
        **SETTINGS,
        "kind": Note("`Event`: an event starts a build", KIND),
        "filter": Note("The events for which the trigger fires: those that meet all conditions given here", KIND),
    },
    EventFilter: {
        "types": Note("The CloudEvent's `type` is one of these", KIND),
        "sources": Note("The CloudEvent's `source` is one of these, compared without case; any if left out", KIND),
        "subjectBeginsWith": Note("The CloudEvent's `subject` begins with this, compared without case", KIND),
        "subjectEndsWith": Note("The CloudEvent's `subject` ends with this, compared without case", KIND),
    },
    WebhookTrigger: {
        **SETTINGS,
        "kind": Note("`Webhook`: a signed request starts a build", KIND),
        "secret": Note(
            "Write-only: the key of the signatures, 32 to 256 characters; if left out, the existing one stays", KIND
        ),
    },
}
