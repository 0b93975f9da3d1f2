"""Members of an ARM template's resource that speak of its deployment, which a request may carry and Kiln ignores.

Source: Microsoft's "Understand the structure and syntax of ARM templates", "Resources". `condition` and `copy` are not
among them: they decide whether, and how often, there is a template at all (kiln.arm_template).
"""

from __future__ import annotations

from typing import Any

_NONE = "is ignored: an image template has none"
IGNORED: dict[str, str] = {
    "comments": "",
    "dependsOn": "is ignored: Kiln deploys nothing else, so whatever it names must exist before the template is sent",
    "extendedLocation": _NONE,
    "kind": _NONE,
    "managedBy": _NONE,
    "plan": "is ignored: the purchase plan of a source image is in properties.source.planInfo",
    "scale": _NONE,
    "scope": "is ignored: the subscription and the resource group are those that the template is sent to",
    "sku": _NONE,
    "zones": _NONE,
}
"""The members, each with the note for the person who sends it; empty where nothing is lost."""


def notes(resource: dict[str, Any]) -> dict[str, str]:
    """Return the notes on the members of a resource that are ignored, by the member; empty values need no note."""
    return {name: note for name, note in IGNORED.items() if note and resource.get(name)}
