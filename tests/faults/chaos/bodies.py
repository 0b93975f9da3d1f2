"""Templates of the chaos: two publish into one image definition, two want one staging group and one image, one is
alone and builds by itself when it is changed. Each has triggers now and then.
"""

from __future__ import annotations

import time
from typing import Any

from kiln.ids import TemplateId
from tests.e2e.app import GROUP
from tests.flows.local_azure.kiln import SUBSCRIPTION, gallery, managed_image, template
from triggers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Message, sign

SHARED_GROUP = "chaos-shared"
SHARED_IMAGE = "chaos-image"
HOOK, SECRET = "hook", "s" * 32
TRIGGERS: dict[str, dict[str, Any]] = {
    "source": {"kind": "SourceImage"},
    "minutely": {"kind": "Schedule", "schedule": "* * * * *"},
    HOOK: {"kind": "Webhook", "secret": SECRET},
}
"""The properties of triggers, by name."""
_VHD = {"type": "VHD", "runOutputName": "vhd"}


def body(name: str, variant: int) -> dict[str, Any]:
    """Return a template's body; variants differ in their script and in how long a build may take."""
    properties: dict[str, Any] = {
        "customize": [{"type": "Shell", "name": "hello", "inline": [f"echo {name} {variant}"]}],
        "buildTimeoutInMinutes": 30 + variant,
    }
    match name.partition("-")[0]:
        case "base":
            distribute = [gallery("northeurope"), _VHD]
        case "shared":
            named = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{SHARED_GROUP}"
            properties["stagingResourceGroup"] = named
            distribute = [managed_image(SHARED_IMAGE)]
        case _:
            properties["autoRun"] = {"state": "Enabled"}
            distribute = [_VHD]
    return template(**properties, distribute=distribute)


def signed(name: str) -> dict[str, str]:
    """Return the headers of an empty request that fires a template's Webhook trigger."""
    trigger = f"{TemplateId(subscription=SUBSCRIPTION, group=GROUP, name=name).arm}/triggers/{HOOK}"
    timestamp = str(int(time.time()))
    return {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: sign(SECRET, Message(trigger, timestamp, b""))}
