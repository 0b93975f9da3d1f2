"""Checks that a machine and its image fit each other: processor, generation, Trusted Launch and purchase plan.

It owns these rules as functions of documents; it must not know where an image's facts come from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devkit.azure.errors import ArmError, invalid, unsupported
from devkit.azure.gallery_facts.features import TRUSTED

if TYPE_CHECKING:
    from devkit.azure.compute.image_source import ImageFacts

_SIZE = re.compile(r"(Standard|Basic)_[A-Za-z0-9_-]+")
# learn.microsoft.com, "Azure VM sizes naming conventions": the additive feature p is an Arm processor.
_ARM_SIZE = re.compile(r"Standard_[A-Z]+\d+(-\d+)?p[a-z]*_v\d+", re.IGNORECASE)
# learn.microsoft.com, "Support for generation 2 VMs on Azure": Basic, A, D, Dv2, Dv3, Ev3 boot generation 1 alone,
# sizes from v6 on boot generation 2 alone.
_GENERATION_1_SIZE = re.compile(r"Basic_.*|Standard_A\d+m?(_v2)?|Standard_[DE]\d+i?(_v2|_v3)?", re.IGNORECASE)
_GENERATION_2_SIZE = re.compile(r"Standard_.*_v([6-9]|\d\d)", re.IGNORECASE)


def check_size(properties: dict[str, Any], *, architecture: str, generation: str) -> None:
    """Refuse a size that cannot boot an image of this processor and generation."""
    size = properties["hardwareProfile"]["vmSize"]
    if not _SIZE.fullmatch(size):
        raise invalid(f"The value {size} is not a valid VM size.", "vmSize")
    processor = "Arm64" if _ARM_SIZE.fullmatch(size) else "x64"
    if processor != architecture:
        message = (
            f"Cannot create a VM of size '{size}' because this VM size only supports a CPU Architecture of "
            f"'{processor}', but an image or disk with CPU Architecture '{architecture}' was given. Please "
            "check that the CPU Architecture of the image or disk is compatible with that of the VM size."
        )
        raise invalid(message, "vmSize")
    refused = {"V2": _GENERATION_1_SIZE, "V1": _GENERATION_2_SIZE}[generation]
    if refused.fullmatch(size):
        message = f"The selected VM size '{size}' cannot boot Hypervisor Generation '{generation[1]}'."
        raise ArmError(400, "BadRequest", message, target="vmSize")


def check_security(properties: dict[str, Any], facts: ImageFacts) -> str:
    """Refuse a security profile that the image cannot have, or the lack of one; return the machine's security type."""
    profile = properties.get("securityProfile", {})
    wanted: str = profile.get("securityType", "Standard")
    if wanted == "ConfidentialVM":
        raise unsupported("confidential machines (securityProfile.securityType)")
    if wanted == "TrustedLaunch":
        if facts.generation != "V2" or facts.security.lower() not in TRUSTED:
            message = (
                "Use of TrustedLaunch setting is not supported for the provided image. Please select Trusted Launch "
                "Supported Gen2 OS Image. For more information, see https://aka.ms/TrustedLaunch-FAQ."
            )
            raise ArmError(400, "BadRequest", message, target="securityProfile.securityType")
        return wanted
    if "uefiSettings" in profile:
        message = "securityProfile.uefiSettings need a securityType."
        raise ArmError(400, "BadRequest", message, target="securityProfile.uefiSettings")
    if facts.security.lower() in {"trustedlaunch", "confidentialvm"}:
        message = (
            "The provided gallery image only supports creation of VMs and VM Scale Sets with "
            f"'{facts.security}' security type."
        )
        raise ArmError(400, "BadRequest", message, target="securityProfile.securityType")
    return wanted


def check_plan(plan: dict[str, str] | None, facts: ImageFacts, disk_name: str) -> None:
    """Refuse a plan that is not the image's, is missing, or is given for an image that has none."""
    if plan is None and facts.plan is None:
        return
    if facts.plan is None:
        message = (
            "Creating a virtual machine from a non Marketplace image does not need Plan information, please remove the "
            "Plan information in the request."
        )
    elif plan is None:
        message = "Creating a virtual machine from Marketplace image requires Plan information in the request."
    elif any(plan.get(part, "").lower() != facts.plan[part].lower() for part in ("publisher", "product", "name")):
        message = "The purchase information does not match. Unable to deploy from the Marketplace image."
    else:
        return
    raise ArmError(400, "VMMarketplaceInvalidInput", f"{message} OS disk name is {disk_name}.", target="plan")
