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
    "enabled": Note("Whether it fires", OWN),
    "coolDown": Note("The least time between the end of a run and the start of the next one by this trigger", OWN),
    "batchWindow": Note("How long it waits for more of the same before it starts one run for all of it", OWN),
    "failureLimit": Note(
        "After how many failed runs in a row it is switched off, until one succeeds",
        "AIB switches a trigger off without a word",
    ),
    "status": Note("Read-only: `code`, `message` and `time`; ignored when sent", "more codes, and more times"),
    "provisioningState": Note("Read-only; ignored when sent"),
}
"""Of all kinds."""

NOTES: Notes = {
    Trigger: {**RESOURCE, "properties": Note("The trigger itself", "required; AIB's definition lets it be left out")},
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
        "filter": Note("Which events", KIND),
    },
    EventFilter: {
        "types": Note("The CloudEvent's `type` is one of these", KIND),
        "sources": Note("Its `source` is one of these, in any case; all are where none is given", KIND),
        "subjectBeginsWith": Note("Its `subject` begins so, in any case", KIND),
        "subjectEndsWith": Note("Its `subject` ends so, in any case", KIND),
    },
    WebhookTrigger: {
        **SETTINGS,
        "kind": Note("`Webhook`: a signed request starts a build", KIND),
        "secret": Note(
            "Write-only: the key of the signatures, 32 to 256 characters; left out, the one before stays", KIND
        ),
    },
}
