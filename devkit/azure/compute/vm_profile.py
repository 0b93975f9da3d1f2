"""The OS profile of a virtual machine: names, users, passwords, and the section of its operating system.

It owns these rules; it must not know images beyond their facts, or machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.errors import invalid

if TYPE_CHECKING:
    from devkit.azure.compute.image_source import ImageFacts

# learn.microsoft.com, "Naming rules and restrictions for Azure resources": virtual machines
_COMPUTER_NAME_LIMIT = {"Linux": 64, "Windows": 15}
_NOT_IN_WINDOWS_NAMES = "`~!@#$%^&*()=+_[]{}\\|;:.'\",<>/?"
_SECTION = {"Linux": "linuxConfiguration", "Windows": "windowsConfiguration"}


def drop_secrets(properties: dict[str, Any]) -> None:
    """Remove the secrets, which are never stored; note that a password was given, as a rule asks for that."""
    profile = properties.get("osProfile", {})
    if profile.pop("adminPassword", None):
        profile["_password"] = True
    profile.pop("customData", None)
    properties.pop("userData", None)


def complete(properties: dict[str, Any], facts: ImageFacts, name: str) -> None:
    """Refuse an OS profile that does not fit the image, and fill in its defaults."""
    profile = properties.get("osProfile")
    if not facts.generalized:
        if profile is not None:
            raise invalid("Parameter 'osProfile' is not allowed with a specialized image.", "osProfile")
        return
    if profile is None:
        raise invalid("Required parameter 'osProfile' is missing (null).", "osProfile")
    _check_computer_name(profile.setdefault("computerName", name), facts.os_type)
    if "adminUsername" not in profile:
        raise invalid("Required parameter 'adminUsername' is missing (null).", "osProfile.adminUsername")
    for os_type, section in _SECTION.items():
        if os_type != facts.os_type and section in profile:
            raise invalid(f"'{section}' does not go with an image of {facts.os_type}.", f"osProfile.{section}")
    password = profile.pop("_password", False)
    if facts.os_type == "Linux":
        _complete_linux(profile.setdefault("linuxConfiguration", {}), password=password)
    else:
        if not password:
            raise invalid("Required parameter 'adminPassword' is missing (null).", "osProfile.adminPassword")
        _complete_windows(profile.setdefault("windowsConfiguration", {}))
    profile.setdefault("allowExtensionOperations", True)


def _check_computer_name(name: str, os_type: str) -> None:
    limit = _COMPUTER_NAME_LIMIT[os_type]
    if os_type == "Linux":
        if len(name) > limit:
            raise invalid(f"Linux computer name cannot be more than {limit} characters long.", "osProfile.computerName")
    elif len(name) > limit or name.isdigit() or set(name) & set(_NOT_IN_WINDOWS_NAMES):
        message = (
            f"Windows computer name cannot be more than {limit} characters long, be entirely numeric, or contain the "
            f"following characters: {' '.join(_NOT_IN_WINDOWS_NAMES)}."
        )
        raise invalid(message, "osProfile.computerName")


def _complete_linux(section: dict[str, Any], *, password: bool) -> None:
    if not password and not section.get("ssh", {}).get("publicKeys", []):
        raise invalid("Authentication using either SSH or by user name and password must be enabled.", "osProfile")
    section.setdefault("disablePasswordAuthentication", not password)
    section.setdefault("provisionVMAgent", True)
    patches = section.setdefault("patchSettings", {})
    mode = patches.setdefault("patchMode", "ImageDefault")
    patches.setdefault("assessmentMode", "ImageDefault")
    if mode == "AutomaticByPlatform" and not section["provisionVMAgent"]:
        raise invalid("patchMode AutomaticByPlatform needs provisionVMAgent.", "linuxConfiguration.patchSettings")


def _complete_windows(section: dict[str, Any]) -> None:
    """Fill in a Windows section; what a patch mode needs is in its description in the OpenAPI (PatchSettings)."""
    section.setdefault("provisionVMAgent", True)
    automatic = section.setdefault("enableAutomaticUpdates", True)
    patches = section.setdefault("patchSettings", {})
    mode = patches.setdefault("patchMode", "AutomaticByOS" if automatic else "Manual")
    patches.setdefault("assessmentMode", "ImageDefault")
    if automatic != (mode != "Manual"):
        wanted = "false" if mode == "Manual" else "true"
        message = f"patchMode {mode} needs windowsConfiguration.enableAutomaticUpdates to be {wanted}."
        raise invalid(message, "windowsConfiguration.patchSettings.patchMode")
    if mode == "AutomaticByPlatform" and not section["provisionVMAgent"]:
        raise invalid("patchMode AutomaticByPlatform needs provisionVMAgent.", "windowsConfiguration.patchSettings")
