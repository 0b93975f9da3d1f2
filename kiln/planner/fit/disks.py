"""Checks the disks that a template asks for: whether the build machine can have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.planner.facts import SourceFacts
    from kiln.template.models import ImageTemplate

MOST_DATA_DISKS = 64
"""Logical unit numbers that a machine has (Microsoft's API definition of virtual machines: `lun`, 0 to 63)."""


def disk_misfits(template: ImageTemplate, source: SourceFacts) -> Iterator[ErrorDetail]:
    """Yield an OS disk that would have to shrink, and data disks beyond the last number."""
    asked, size = template.properties.vm_profile.os_disk_size_gb, source.disk_size_gb
    if size is not None and 0 < asked < size:
        path = "properties.vmProfile.osDiskSizeGB"
        yield ErrorDetail(
            code="Other",
            message=f"{path}: {asked} GB is less than the source image's {size} GB, and a disk can only grow.",
            target=path,
            hint=f"Ask for {size} GB or more, or for 0, which is the source's own size.",
        )
    added, own = len(template.properties.additional_data_disks), len(source.data_disk_luns)
    if added and added + own > MOST_DATA_DISKS:
        path = "properties.additionalDataDisks"
        yield ErrorDetail(
            code="Other",
            message=f"{path}: {added} disks besides the source's own {own} are more than the {MOST_DATA_DISKS} that a "
            "machine can have.",
            target=path,
            hint="Ask for fewer disks.",
        )
