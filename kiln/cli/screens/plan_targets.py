"""Where an image goes, as nodes of a plan's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from rich.text import Text

from kiln.cli.screens.plan_texts import head
from kiln.ids import name_of
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget

if TYPE_CHECKING:
    from rich.tree import Tree

    from kiln.planner.targets import Target


def add_target(parent: Tree, target: Target) -> None:
    """Add one target."""
    match target:
        case GalleryTarget():
            _gallery(parent.add(head(target.run_output_name, "gallery image version")), target)
        case ManagedImageTarget():
            node = parent.add(head(target.run_output_name, "managed image"))
            node.add(Text(f"{target.image_id} in {target.location}"))
            if target.copy_id:
                node.add(Text(f"from {name_of(target.copy_id)}, a copy of a snapshot"))
        case VhdTarget():
            place = target.url or f"vhds/{target.blob}"
            parent.add(head(target.run_output_name, "VHD")).add(Text(f"blob {place}"))
        case _:
            assert_never(target)


def _version(target: GalleryTarget) -> str:
    if not target.is_next:
        return target.version_id
    major = "any" if target.major is None else target.major
    return f"{target.image_id}, version {target.version} (scheme Latest, major {major})"


def _gallery(node: Tree, target: GalleryTarget) -> None:
    node.add(Text(_version(target)))
    regions = ", ".join(f"{item.name} ({item.replicas} x {item.storage_account_type})" for item in target.regions)
    if target.replication_mode == "Shallow":
        node.add(Text(f"only in {regions}, shallow: its disk is not copied"))
    else:
        node.add(Text(f"first in {target.location}; regions {regions}"))
    if target.exclude_from_latest:
        node.add(Text("not taken for the latest version"))
