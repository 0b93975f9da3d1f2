"""The list of services, and their tables joined: routes, works of operations, removers.

It owns the order in which a resource group's content is deleted; it must not know any rule itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.azure import control, lro
from devkit.azure.authorization import permissions
from devkit.azure.compute import (
    disk_access,
    disks,
    images,
    marketplace,
    power,
    run_commands,
    snapshots,
    virtual_machines,
)
from devkit.azure.compute_facts import skus, usages
from devkit.azure.entra import discovery, endpoints, local_tokens
from devkit.azure.eventgrid import announcements, system_topics, topics
from devkit.azure.eventgrid import control as eventgrid_control
from devkit.azure.eventgrid import subscriptions as event_subscriptions
from devkit.azure.gallery import definitions, galleries, versions
from devkit.azure.identity import app_identities, identities
from devkit.azure.imagebuilder import templates, triggers
from devkit.azure.network import interfaces, security_groups, subnets, virtual_networks
from devkit.azure.resources import groups, subscriptions, tags
from devkit.azure.storage import accounts

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.operations import Work
    from devkit.azure.routing import Route
    from devkit.azure.store import Resource

Remover = Callable[["Cloud", "Resource"], Awaitable[None]]

_ROUTED = (
    control, discovery, endpoints, local_tokens, lro, subscriptions, groups, tags, virtual_networks, subnets,
    security_groups, interfaces, accounts,
    virtual_machines, power, run_commands, disks, disk_access, snapshots, images, galleries, definitions, versions,
    marketplace, identities, app_identities, skus, usages, permissions,
    topics, system_topics, event_subscriptions, eventgrid_control, templates, triggers,
)  # fmt: skip
_WORKING = (
    groups, virtual_networks, subnets, security_groups, interfaces, accounts, virtual_machines, power, run_commands,
    disks, disk_access, snapshots, images, galleries, definitions, versions, topics, system_topics, event_subscriptions,
)  # fmt: skip
# Users before what they use: a VM before its NIC, a version before its definition.
_REMOVED = (
    run_commands, virtual_machines, versions, definitions, galleries, images, snapshots, disks, interfaces, subnets,
    virtual_networks, security_groups, accounts, identities, topics, system_topics,
    triggers, templates,
)  # fmt: skip


@dataclass(frozen=True)
class Services:
    """The joined tables; `removers` go by resource type, in the order of deletion."""

    routes: list[Route]
    works: dict[str, Work]
    removers: dict[str, Remover]


def services() -> Services:
    """Join the tables of all services."""
    return Services(
        [announcements.announcing(route) for module in _ROUTED for route in module.table.routes],
        {kind: work for module in _WORKING for kind, work in module.works.works.items()},
        {module.TYPE: module.remove for module in _REMOVED},
    )
