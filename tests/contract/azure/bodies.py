"""Request bodies as a build sends them.

It owns nothing but these documents; it must not know what is asserted about the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.azure.harness import SUBSCRIPTION

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

REGION = "westeurope"


def group_id(name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"


def network(prefix: str = "10.0.0.0/24") -> Any:
    return {
        "location": REGION,
        "properties": {
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": [{"name": "builds", "properties": {"addressPrefix": prefix}}],
        },
    }


def interface(group: str, subnet: str = "builds") -> Any:
    subnet_id = f"{group_id(group)}/providers/Microsoft.Network/virtualNetworks/net/subnets/{subnet}"
    return {
        "location": REGION,
        "properties": {"ipConfigurations": [{"name": "private", "properties": {"subnet": {"id": subnet_id}}}]},
    }


def machine(group: str, nic: str = "nic", image: dict[str, str] | None = None) -> Any:
    image = image or {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
    return {
        "location": REGION,
        "tags": {"kiln-run": "r1"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "imageReference": image,
                "osDisk": {"name": "disk", "createOption": "FromImage", "deleteOption": "Delete"},
            },
            "osProfile": {
                "computerName": "build",
                "adminUsername": "builder",
                "adminPassword": "planted-Secret-1",
                "linuxConfiguration": {"disablePasswordAuthentication": False},
            },
            "networkProfile": {
                "networkInterfaces": [
                    {
                        "id": f"{group_id(group)}/providers/Microsoft.Network/networkInterfaces/{nic}",
                        "properties": {"primary": True, "deleteOption": "Delete"},
                    }
                ]
            },
        },
    }


def script(text: str, **properties: Any) -> Any:
    return {"location": REGION, "properties": {"source": {"script": text}, **properties}}


def version(vm_id: str, *names: str, **profile: Any) -> Any:
    return {
        "location": REGION,
        "properties": {
            "storageProfile": {"source": {"virtualMachineId": vm_id}},
            "publishingProfile": {"targetRegions": [{"name": name} for name in names or (REGION,)], **profile},
        },
    }


def stage(cloud: Harness, group: str = "rg") -> None:
    """Make a group with a network and an interface."""
    cloud.resources.resource_groups.create_or_update(group, {"location": REGION})
    cloud.network.virtual_networks.begin_create_or_update(group, "net", network()).result()
    cloud.network.network_interfaces.begin_create_or_update(group, "nic", interface(group)).result()


def run_machine(cloud: Harness, group: str = "rg", name: str = "vm") -> str:
    """Make a group with a running machine and return the machine's id."""
    stage(cloud, group)
    made = cloud.compute.virtual_machines.begin_create_or_update(group, name, machine(group)).result()
    return str(made.id)


def generalized_machine(cloud: Harness, group: str = "rg", name: str = "vm") -> str:
    """Make a group with a generalized machine, for an image to be made of."""
    vm_id = run_machine(cloud, group, name)
    cloud.compute.virtual_machines.begin_deallocate(group, name).result()
    cloud.compute.virtual_machines.generalize(group, name)
    return vm_id
