"""The features of an image definition: the names and values that they may have, and what a SecurityType asks for.

It owns these facts (learn.microsoft.com, "Trusted Launch for Azure virtual machines", and the gallery OpenAPI's
GalleryImageFeature); it must not know versions or virtual machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.errors import invalid

if TYPE_CHECKING:
    from devkit.azure.store import Resource

_BOOLEAN = ("True", "False")
_KNOWN = {
    "SecurityType": (
        "None", "Standard", "TrustedLaunch", "TrustedLaunchSupported", "ConfidentialVM", "ConfidentialVMSupported",
        "TrustedLaunchAndConfidentialVmSupported",
    ),
    "DiskControllerTypes": ("SCSI", "SCSI, NVMe", "NVMe, SCSI", "SCSI,NVMe", "NVMe,SCSI"),
    "IsAcceleratedNetworkSupported": _BOOLEAN,
    "IsHibernateSupported": _BOOLEAN,
    "IsSecureBootSupported": _BOOLEAN,
}  # fmt: skip
_TARGET = "galleryImage.properties.features"
TRUSTED = frozenset({"trustedlaunch", "trustedlaunchsupported", "trustedlaunchandconfidentialvmsupported"})
"""The security types, in lower case, whose machines may use Trusted Launch."""


def check(features: list[dict[str, Any]], generation: str) -> None:
    """Refuse features that Azure does not have, doubled ones, and a security type on generation 1."""
    seen: set[str] = set()
    for feature in features:
        name, value = feature["name"], feature["value"]
        known = {known.lower(): values for known, values in _KNOWN.items()}.get(name.lower())
        if known is None:
            raise invalid(f"The feature '{name}' is not one of {', '.join(_KNOWN)}.", _TARGET)
        if value.lower() not in {allowed.lower() for allowed in known}:
            raise invalid(f"The value '{value}' of the feature '{name}' is not one of {', '.join(known)}.", _TARGET)
        if name.lower() in seen:
            raise invalid(f"The feature '{name}' is given twice.", _TARGET)
        seen.add(name.lower())
        if name.lower() == "securitytype" and value.lower() not in {"none", "standard"} and generation != "V2":
            raise invalid(f"The security type '{value}' needs hyperVGeneration V2.", _TARGET)


def features_of(definition: Resource) -> dict[str, str]:
    """Return the definition's features by name in lower case."""
    return {feature["name"].lower(): feature["value"] for feature in definition.properties.get("features", [])}


def security_type(definition: Resource) -> str:
    """Return the definition's SecurityType; "Standard" if it says none."""
    value = features_of(definition).get("securitytype", "Standard")
    return "Standard" if value.lower() == "none" else value


def disk_controllers(features: dict[str, str]) -> tuple[str, ...]:
    """Return the disk controllers that an image with these features is for; one that does not say is for SCSI alone.

    Users of sizes with NVMe alone found that out (kubernetes-sigs/image-builder pull request 1875).
    """
    said = next((value for name, value in features.items() if name.lower() == "diskcontrollertypes"), "SCSI")
    return tuple(part.strip() for part in said.split(","))


def takes(wanted: str, given: str) -> bool:
    """Whether a definition of security type `wanted` takes a source of type `given`.

    What was captured with a guest state (TrustedLaunch) needs a type that can start it. A definition that starts its
    machines with such a state alone needs a source that has one; "...Supported" ones take both.
    """
    if given.lower() == "trustedlaunch":
        return wanted.lower() in TRUSTED
    return wanted.lower() not in {"trustedlaunch", "confidentialvm"}
