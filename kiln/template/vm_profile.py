"""The build machine as a template describes it: its size, its disks, its identities and its network.

It owns the rules that hold without asking Azure.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from kiln.template.base import IdentityId, Model, Since, SubnetId, broken


class VnetConfig(Model):
    """An existing subnet for build and validation machines.

    The container subnet and the proxy's size are AIB's own machinery; they are checked, and Kiln needs neither.
    """

    subnet_id: SubnetId | None = None
    container_instance_subnet_id: Annotated[SubnetId | None, Since("2024-02-01")] = None
    proxy_vm_size: Annotated[str, Since("2021-10-01")] = ""

    @model_validator(mode="after")
    def _rules(self) -> VnetConfig:
        if self.container_instance_subnet_id is None:
            return self
        if self.subnet_id is None:
            raise broken("Other", "expected subnetId as well when containerInstanceSubnetId is given")
        if self.proxy_vm_size:
            raise broken("Other", "expected no proxyVmSize when containerInstanceSubnetId is given")
        ours, theirs = self.subnet_id.lower(), self.container_instance_subnet_id.lower()
        if ours == theirs:
            raise broken("Other", "expected containerInstanceSubnetId to be another subnet than subnetId")
        if ours.rsplit("/subnets/", 1)[0] != theirs.rsplit("/subnets/", 1)[0]:
            raise broken("Other", "expected containerInstanceSubnetId in the same virtual network as subnetId")
        return self


class VmProfile(Model):
    """The build machine. An empty size means Kiln's default for the source; 0 GB the source's own disk size."""

    vm_size: str = ""
    os_disk_size_gb: Annotated[int, Field(ge=0, alias="osDiskSizeGB")] = Field(default=0, alias="osDiskSizeGB")
    user_assigned_identities: Annotated[tuple[IdentityId, ...], Since("2021-10-01")] = ()
    vnet_config: VnetConfig = VnetConfig()


class DataDisk(Model):
    """A data disk that becomes part of the image, besides the source's own."""

    size_gb: Annotated[int, Field(ge=0, alias="sizeGB")] = Field(default=0, alias="sizeGB")
