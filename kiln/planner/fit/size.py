"""Checks the size of the machines: whether the region and the subscription have it, and the source image runs on it.

Rules: Microsoft's "Support for generation 2 VMs on Azure" and the capabilities that its list of resource SKUs tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import ErrorDetail
from kiln.planner.machine import machine_size
from kiln.template.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kiln.planner.facts import SizeFacts, SourceFacts
    from kiln.template.models import ImageTemplate

PATH = "properties.vmProfile.vmSize"
ALIKE = 0.6
"""The least similarity of a typo and the size that may be meant (difflib's ratio)."""


def size_misfits(template: ImageTemplate, source: SourceFacts, sizes: Mapping[str, SizeFacts]) -> Iterator[ErrorDetail]:
    """Yield the problems of the machines' size; `sizes` are those of the template's region, by name in lower case.

    Without any sizes, as in a region that Azure lists none for, nothing is checked.
    """
    if not sizes:
        return
    name, region = machine_size(template, source), template.location
    size = sizes.get(name.lower())
    if size is None:
        meant = nearest(name, (each.name for each in sizes.values()), alike=ALIKE)
        did_you = f"Did you mean {meant}? " if meant else ""
        yield _problem(
            f"{region} has no machine size {name}.",
            f"{did_you}`az vm list-skus --resource-type virtualMachines --location {region}` lists the sizes.",
        )
    elif size.restricted is not None:
        yield _problem(
            f"this subscription may not use the machine size {name} in {region} ({size.restricted}).",
            "Choose another size, or ask Azure's support for access to this one.",
        )
    else:
        yield from _of_image(template, source, size)
        if size.quota is not None and size.quota < size.cores:
            yield _problem(
                f"{name} has {size.cores} processors, and the subscription's quota of {size.family} in {region} is "
                f"{size.quota}.",
                "Ask Azure for more quota, or choose a size of another family.",
            )


def _of_image(template: ImageTemplate, source: SourceFacts, size: SizeFacts) -> Iterator[ErrorDetail]:
    """Yield the reasons for which the source image does not run on a machine of the size."""
    if size.architecture != source.architecture:
        yield _problem(
            f"{size.name} has processors of {size.architecture}, and the source image is for {source.architecture}.",
            "Choose a size with the image's architecture, or leave vmSize out.",
        )
    elif source.generation not in size.generations:
        runs = " and ".join(f"generation {each[1:]}" for each in size.generations)
        yield _problem(
            f"{size.name} runs {runs} alone, and the source image is of generation {source.generation[1:]}.",
            "Choose a size that runs the image's generation, or a source of the other one.",
        )
    elif not set(size.controllers) & set(source.controllers):
        yield _problem(
            f"{size.name} has {' and '.join(size.controllers)} disk controllers alone, and the source image boots with "
            f"{' and '.join(source.controllers)}.",
            "Choose a size with such controllers, as those before v6, or a source whose feature DiskControllerTypes "
            "lists NVMe.",
        )
    disks = len(source.data_disk_luns) + len(template.properties.additional_data_disks)
    if size.data_disks is not None and disks > size.data_disks:
        yield _problem(
            f"{size.name} takes {size.data_disks} data disks, and the machine would have {disks}.",
            "Choose a larger size, or ask for fewer disks in properties.additionalDataDisks.",
        )


def _problem(message: str, hint: str) -> ErrorDetail:
    return ErrorDetail(code="Other", message=f"{PATH}: {message}", target=PATH, hint=hint)
