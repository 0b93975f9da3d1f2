"""The templates of the chaos: two publish into one image definition, two want one staging group and one image, one is
alone, builds by itself when it is changed, and has a trigger now and then.
"""

from __future__ import annotations

from typing import Any

from tests.flows.local_azure.kiln import SUBSCRIPTION, gallery, managed_image, template

SHARED_GROUP = "chaos-shared"
SHARED_IMAGE = "chaos-image"
TRIGGER = "source"
TRIGGER_BODY: dict[str, Any] = {"properties": {"kind": "SourceImage"}}
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
