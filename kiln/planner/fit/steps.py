"""Checks customizers and validators: whether the source's operating system can run them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kiln.errors import ErrorDetail
from kiln.template.customizers import FileCustomizer, FileValidator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiln.planner.facts import OperatingSystem, SourceFacts
    from kiln.template.customizers import Customizer, Validator
    from kiln.template.models import ImageTemplate

NEEDS: dict[str, OperatingSystem] = {
    "Shell": "Linux",
    "PowerShell": "Windows",
    "WindowsRestart": "Windows",
    "WindowsUpdate": "Windows",
}
"""The operating system that a type of customizer or validator is for (Microsoft's image-builder-json)."""

INSTEAD = {
    "Shell": "Use PowerShell for Windows.",
    "PowerShell": "Use Shell for Linux.",
    "WindowsRestart": "Use Restart, which restarts any operating system.",
    "WindowsUpdate": "Update Linux with its package manager, in a Shell customizer.",
}


_DRIVE = re.compile(r"[A-Za-z]:")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE)


def step_misfits(template: ImageTemplate, source: SourceFacts) -> Iterator[ErrorDetail]:
    """Yield the customizers and validators of another operating system."""
    properties = template.properties
    yield from _misfits(properties.customize, "customizer", "properties.customize", "UnsupportedCustomizerType", source)
    path = "properties.validate.inVMValidations"
    yield from _misfits(properties.validation.in_vm_validations, "validator", path, "UnsupportedValidatorType", source)


def _misfits(
    steps: Iterable[Customizer | Validator], noun: str, path: str, code: str, source: SourceFacts
) -> Iterator[ErrorDetail]:
    for index, step in enumerate(steps):
        needs = NEEDS.get(step.type, source.os)
        if needs != source.os:
            yield ErrorDetail(
                code=code,
                message=f"{path}[{index}].type: the {noun} type {step.type} is for {needs}, and the source image is "
                f"{source.os} (Image Builder's {noun.capitalize()}NotSupportedForImage).",
                target=f"{path}[{index}].type",
                hint=INSTEAD[step.type],
            )
        if isinstance(step, FileCustomizer | FileValidator) and source.os == "Linux" and _DRIVE.match(step.destination):
            yield ErrorDetail(
                code=code,
                message=f"{path}[{index}].destination: this is a path of Windows, and the source image is Linux.",
                target=f"{path}[{index}].destination",
                hint="Give a path that begins with a slash.",
            )
        if isinstance(step, FileCustomizer | FileValidator) and source.os == "Windows":
            yield from _not_of_windows(step.destination, f"{path}[{index}].destination", code)


def _not_of_windows(destination: str, path: str, code: str) -> Iterator[ErrorDetail]:
    """Yield a destination that Windows would not take for this very file ("Naming Files, Paths, and Namespaces")."""
    names = re.split(r"[\\/]", destination)[1:]
    if any(_FORBIDDEN.search(name) for name in names):
        why = 'it contains one of < > : " | ? *, which mean streams, patterns and devices in Windows'
    elif any(name.endswith((".", " ")) for name in names):
        why = "a name in it ends with a dot or a space, which Windows removes"
    elif device := next((name for name in names if _DEVICE.fullmatch(name)), None):
        why = f"{device} is the name of a device in Windows"
    else:
        return
    yield ErrorDetail(
        code=code,
        message=f"{path}: {why}.",
        target=path,
        hint="Give the path of a file, such as C:\\app\\settings.json.",
    )
