"""Checks that a machine and its image fit each other: processor, generation, Trusted Launch and purchase plan.

It owns these rules as functions of documents; it must not know where an image's facts come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.compute_facts.sizes import find, in_region
from devkit.azure.errors import ArmError, invalid, unsupported
from devkit.azure.gallery_facts.features import TRUSTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devkit.azure.compute.image_source import ImageFacts

_FIND_OUT = "Find out more on the available VM sizes in each region at https://aka.ms/azure-regions."


def check_size(
    properties: dict[str, Any], location: str, *, architecture: str, generation: str, controllers: Sequence[str]
) -> None:
    """Refuse a size that Azure or the region does not have, or that cannot boot an image of this kind.

    The first two messages and the last are as users quote them (redhat-developer/mapt issue 432, microsoft/onefuzz
    issue 1126, kubernetes-sigs/image-builder pull request 1875).
    """
    name = properties["hardwareProfile"]["vmSize"]
    size, there = find(name), in_region(location)
    names = ",".join(each.name for each in there)
    if size is None:
        message = f"The value {name} provided for the VM size is not valid. The valid sizes in the current region are: "
        raise invalid(f"{message}{names}. {_FIND_OUT}", "vmSize")
    if size not in there:
        message = f"The requested VM size {size.name} is not available in the current region. The sizes available in "
        raise invalid(f"{message}the current region are: {names}. {_FIND_OUT}", "vmSize")
    if size.restricted:
        message = (
            f"The requested VM size '{size.name}' is not available in location '{location}' for this subscription. "
            "Please try another size or deploy to a different location or different zone. See "
            "https://aka.ms/azureskunotavailable for details."
        )
        raise ArmError(409, "SkuNotAvailable", message, target="vmSize")
    if size.architecture != architecture:
        message = (
            f"Cannot create a VM of size '{name}' because this VM size only supports a CPU Architecture of "
            f"'{size.architecture}', but an image or disk with CPU Architecture '{architecture}' was given. Please "
            "check that the CPU Architecture of the image or disk is compatible with that of the VM size."
        )
        raise invalid(message, "vmSize")
    if generation not in size.generations:
        message = f"The selected VM size '{name}' cannot boot Hypervisor Generation '{generation[1]}'."
        raise ArmError(400, "BadRequest", message, target="vmSize")
    if not set(size.controllers) & set(controllers):
        message = (
            f"The VM size '{name}' cannot boot with OS image or disk. Please check that disk controller types "
            "supported by the OS image or disk is one of the supported disk controller types for the VM size "
            f"'{name}'. Please query sku api at https://aka.ms/azure-compute-skus to determine supported disk "
            "controller types for the VM size."
        )
        raise invalid(message, "vmSize")


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
