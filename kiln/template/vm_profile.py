"""The build machine in a template: its size, its disks, its identities and its network.

It owns the rules that can be checked without asking Azure.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from kiln.template.base import PARTIAL, IdentityId, Int32, Model, See, Since, SubnetId, broken


class VnetConfig(Model):
    """An existing subnet for build and validation machines.

    The container subnet and the proxy's size are for AIB's own machinery: they are checked, and Kiln uses neither.
    """

    section = "vnetconfig-optional"

    subnet_id: SubnetId | None = None
    container_instance_subnet_id: Annotated[SubnetId | None, Since("2024-02-01")] = None
    proxy_vm_size: Annotated[str, Since("2021-10-01")] = ""

    @field_validator("container_instance_subnet_id")
    @classmethod
    def _beside_the_subnet(cls, container: str | None, info: ValidationInfo) -> str | None:
        if not container or "subnet_id" not in info.data or info.context == PARTIAL:
            return container
        if not info.data["subnet_id"]:
            raise broken("Other", "expected subnetId as well when containerInstanceSubnetId is given")
        ours, theirs = info.data["subnet_id"].lower(), container.lower()
        if ours == theirs:
            raise broken("Other", "expected containerInstanceSubnetId to be another subnet than subnetId")
        if ours.rsplit("/subnets/", 1)[0] != theirs.rsplit("/subnets/", 1)[0]:
            raise broken("Other", "expected containerInstanceSubnetId in the same virtual network as subnetId")
        return container

    @field_validator("proxy_vm_size")
    @classmethod
    def _no_proxy_with_container(cls, proxy_vm_size: str, info: ValidationInfo) -> str:
        if proxy_vm_size and info.data.get("container_instance_subnet_id"):
            raise broken("Other", "expected no proxyVmSize when containerInstanceSubnetId is given")
        return proxy_vm_size


class VmProfile(Model):
    """The build machine. An empty size means Kiln's default for the source, and 0 GB the source's own disk size."""

    section = "properties-vmprofile"

    vm_size: str = ""
    os_disk_size_gb: Annotated[Int32, Field(ge=0), See("osdisksizegb")] = Field(default=0, alias="osDiskSizeGB")
    user_assigned_identities: Annotated[
        tuple[IdentityId, ...],
        Since("2021-10-01"),
        See("user-assigned-identity-for-the-image-builder-build-vm"),
    ] = ()
    vnet_config: VnetConfig = VnetConfig()


class DataDisk(Model):
    """An empty data disk that becomes part of the image, besides the source's own data disks."""

    size_gb: Annotated[Int32, Field(ge=0)] = Field(default=0, alias="sizeGB")
