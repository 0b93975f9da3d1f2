"""Kiln's identity may do what its code asks Azure for, and nothing else."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from kiln import azure_roles
from kiln.cloud.staging import ARTIFACTS, LOGS, VHDS
from tests.unit.infra.bicep_file import INFRA, BicepFile, walk
from tests.unit.infra.sdk_calls import calls

if TYPE_CHECKING:
    from pathlib import Path

ROOT = INFRA.parent
ROLES = ("staging", "images", "networks", "lookups")

VERSION_WRITE = {
    "Microsoft.Compute/galleries/read",
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/write",
}
SOURCES = {"Microsoft.Compute/galleries/images/versions/read", "Microsoft.Compute/images/read"}

NEEDS: dict[str, set[str]] = {
    "compute.disks.begin_create_or_update": {
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/galleries/images/versions/read",
    },
    "compute.disks.begin_delete": {"Microsoft.Compute/disks/delete"},
    "compute.disks.begin_grant_access": {"Microsoft.Compute/disks/beginGetAccess/action"},
    "compute.disks.begin_revoke_access": {"Microsoft.Compute/disks/endGetAccess/action"},
    "compute.galleries.begin_create_or_update": {"Microsoft.Compute/galleries/write"},
    "compute.galleries.begin_delete": {"Microsoft.Compute/galleries/delete"},
    "compute.gallery_image_versions.begin_create_or_update": {*VERSION_WRITE, "Microsoft.Compute/virtualMachines/read"},
    "compute.gallery_image_versions.begin_delete": {"Microsoft.Compute/galleries/images/versions/delete"},
    "compute.gallery_image_versions.begin_update": VERSION_WRITE,
    "compute.gallery_image_versions.get": {"Microsoft.Compute/galleries/images/versions/read"},
    "compute.gallery_image_versions.list_by_gallery_image": {"Microsoft.Compute/galleries/images/versions/read"},
    "compute.gallery_images.begin_create_or_update": {"Microsoft.Compute/galleries/images/write"},
    "compute.gallery_images.begin_delete": {"Microsoft.Compute/galleries/images/delete"},
    "compute.gallery_images.get": {"Microsoft.Compute/galleries/images/read"},
    "compute.images.begin_create_or_update": {
        "Microsoft.Compute/images/write",
        "Microsoft.Compute/virtualMachines/read",
    },
    "compute.images.begin_delete": {"Microsoft.Compute/images/delete"},
    "compute.images.get": {"Microsoft.Compute/images/read"},
    "compute.resource_skus.list": {"Microsoft.Compute/skus/read"},
    "compute.snapshots.begin_create_or_update": {
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Compute/snapshots/beginGetAccess/action",
        "Microsoft.Compute/snapshots/write",
    },
    "compute.snapshots.begin_delete": {"Microsoft.Compute/snapshots/delete"},
    "compute.snapshots.get": {"Microsoft.Compute/snapshots/read"},
    "compute.usage.list": {"Microsoft.Compute/locations/usages/read"},
    "compute.virtual_machine_images.get": {
        "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"
    },
    "compute.virtual_machine_images.list": {
        "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"
    },
    "compute.virtual_machine_run_commands.begin_create_or_update": {
        "Microsoft.Compute/virtualMachines/runCommands/write"
    },
    "compute.virtual_machine_run_commands.get_by_virtual_machine": {
        "Microsoft.Compute/virtualMachines/runCommands/read"
    },
    "compute.virtual_machines.begin_create_or_update": {
        *SOURCES,
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Network/networkInterfaces/join/action",
        "Microsoft.Network/networkInterfaces/read",
    },
    "compute.virtual_machines.begin_deallocate": {"Microsoft.Compute/virtualMachines/deallocate/action"},
    "compute.virtual_machines.begin_delete": {
        "Microsoft.Compute/disks/delete",
        "Microsoft.Compute/virtualMachines/delete",
        "Microsoft.Network/networkInterfaces/delete",
    },
    "compute.virtual_machines.begin_restart": {"Microsoft.Compute/virtualMachines/restart/action"},
    "compute.virtual_machines.generalize": {"Microsoft.Compute/virtualMachines/generalize/action"},
    "compute.virtual_machines.get": {"Microsoft.Compute/virtualMachines/read"},
    "compute.virtual_machines.instance_view": {"Microsoft.Compute/virtualMachines/instanceView/read"},
    "network.network_interfaces.begin_create_or_update": {
        "Microsoft.Network/networkInterfaces/write",
        "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
    },
    "network.network_interfaces.begin_delete": {"Microsoft.Network/networkInterfaces/delete"},
    "network.network_security_groups.begin_create_or_update": {"Microsoft.Network/networkSecurityGroups/write"},
    "network.network_security_groups.begin_delete": {"Microsoft.Network/networkSecurityGroups/delete"},
    "network.network_security_groups.get": {"Microsoft.Network/networkSecurityGroups/read"},
    "network.virtual_networks.begin_create_or_update": {
        "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/virtualNetworks/write",
    },
    "network.virtual_networks.begin_delete": {"Microsoft.Network/virtualNetworks/delete"},
    "network.virtual_networks.get": {"Microsoft.Network/virtualNetworks/read"},
    "resources.resource_groups.begin_delete": {"Microsoft.Resources/subscriptions/resourceGroups/delete"},
    "resources.resource_groups.create_or_update": {"Microsoft.Resources/subscriptions/resourceGroups/write"},
    "resources.resource_groups.list": {"Microsoft.Resources/subscriptions/resourceGroups/read"},
    "resources.resource_groups.get": {"Microsoft.Resources/subscriptions/resourceGroups/read"},
    # All that clean-up may delete; also an identity that a template names: Managed Identity Operator's, at that one.
    "resources.resources.get_by_id": {
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/galleries/images/read",
        "Microsoft.Compute/galleries/images/versions/read",
        "Microsoft.Compute/galleries/read",
        "Microsoft.Compute/images/read",
        "Microsoft.Compute/snapshots/read",
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Network/networkInterfaces/read",
        "Microsoft.Network/networkSecurityGroups/read",
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Storage/storageAccounts/read",
    },
    "resources.providers.get": {"Microsoft.Resources/subscriptions/providers/read"},
    "resources.resources.list_by_resource_group": {"Microsoft.Resources/subscriptions/resourceGroups/resources/read"},
    "resources.resources.list": {"Microsoft.Resources/subscriptions/resources/read"},
    "resources.send_request": {
        "Microsoft.Authorization/permissions/read",
        "Microsoft.Compute/locations/capsOperations/read",
        "Microsoft.Compute/locations/diskOperations/read",
        "Microsoft.Compute/locations/operations/read",
        "Microsoft.Network/locations/operationResults/read",
        "Microsoft.Network/locations/operations/read",
        "Microsoft.Resources/subscriptions/operationresults/read",
        "Microsoft.Storage/locations/*/read",
    },
    "resources.tags.begin_update_at_scope": {"Microsoft.Resources/tags/read", "Microsoft.Resources/tags/write"},
    "storage.storage_accounts.begin_create": {"Microsoft.Storage/storageAccounts/write"},
    "storage.storage_accounts.delete": {"Microsoft.Storage/storageAccounts/delete"},
    "storage.storage_accounts.get_properties": {"Microsoft.Storage/storageAccounts/read"},
}
"""Actions that Azure asks for, by call, with those on what its body links to (Microsoft's "Azure permissions")."""

PACKAGES = {
    "azure.core",
    "azure.durable_functions",
    "azure.eventgrid",  # EventGrid Data Sender, at the topic
    "azure.functions",
    "azure.identity",
    "azure.mgmt.compute",
    "azure.mgmt.network",
    "azure.mgmt.resource",
    "azure.mgmt.storage",
    "azure.storage.blob",  # Storage Blob Data Owner of the state, Contributor in staging
}
"""Azure's packages that the app may use: each one's rights are in NEEDS, or a role that Microsoft made."""


def sources() -> list[Path]:
    folders = ("kiln", "activities", "orchestrators", "triggers")
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "cli" not in path.parts]


def role(name: str) -> dict[str, str]:
    """Return a role's actions, each with the comment that justifies it."""
    file = BicepFile(INFRA / f"modules/roles/{name}.bicep")
    (definition,) = file.resources
    actions = next(
        value
        for key, value in (node.named_children for node in walk(definition.body) if node.type == "object_property")
        if file.key(key) == "actions"
    )
    lines = [line.partition("//") for line in file.text(actions).splitlines()]
    return {code.strip().strip("'"): comment.strip() for code, _, comment in lines if code.strip().startswith("'")}


def test_each_call_of_the_source_says_what_it_needs_and_nothing_else_does() -> None:
    assert calls(iter(sources())) == set(NEEDS)


def test_the_roles_allow_what_the_calls_need_and_nothing_else() -> None:
    allowed = {action for name in ROLES for action in role(name)}

    assert allowed == set().union(*NEEDS.values())


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_what_the_doctor_looks_for(name: str) -> None:
    assert set(role(name)) == azure_roles.ROLES[name]


def test_what_a_run_makes_where_images_are_it_may_delete_there_when_it_comes_to_nothing() -> None:
    made = {action.removesuffix("/write") for action in role("images") if action.endswith("/write")}

    assert made == {"Microsoft.Compute/galleries/images/versions", "Microsoft.Compute/images"}
    assert {f"{kind}/delete" for kind in made} <= set(role("images"))


@pytest.mark.parametrize("name", ROLES)
def test_each_action_of_a_role_is_justified_by_a_comment(name: str) -> None:
    assert [action for action, comment in role(name).items() if not comment] == []


@pytest.mark.parametrize("name", ROLES)
def test_a_comment_names_no_call_that_is_not_made(name: str) -> None:
    methods = {tuple(call.split(".")[1:]) for call in NEEDS}
    for action, comment in role(name).items():
        for word in comment.replace(",", " ").replace(":", " ").split():
            group, dot, method = word.partition(".")
            if dot and "_" in group and method:
                assert (group, method) in methods, f"{action}: {word}"


def test_the_app_uses_no_other_package_of_azure_than_those_whose_rights_are_known() -> None:
    used = {
        name
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if name.split(".")[0] == "azure"
    }

    unknown = {name for name in used if not any(f"{name}.".startswith(f"{package}.") for package in PACKAGES)}
    assert unknown == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def test_the_right_to_blobs_of_staging_accounts_holds_for_the_containers_that_kiln_makes() -> None:
    file = BicepFile(INFRA / "modules/role-assignments.bicep")
    containers = {file.literal(node) for node in file.variables["stagingContainers"].named_children}

    assert containers == {ARTIFACTS, LOGS, VHDS}


def test_every_right_to_blobs_of_staging_accounts_has_that_condition() -> None:
    file = BicepFile(INFRA / "modules/role-assignments.bicep")
    grants = [module for module in file.modules if "blobDataContributor" in file.text(module.body)]
    assert len(grants) == 2

    for grant in grants:
        condition = file.property(grant.body, "params", "condition")
        assert condition is not None
        assert file.text(condition) == "stagingBlobs"
