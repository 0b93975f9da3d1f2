from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.azure import bodies
from tests.contract.azure.harness import refused

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness


def capabilities(sku: Any) -> dict[str, str]:
    return {each.name: each.value for each in sku.capabilities}


def test_a_size_says_what_can_run_on_it(cloud: Harness) -> None:
    listed = list(cloud.compute.resource_skus.list(filter="location eq 'westeurope'"))
    found = {sku.name: sku for sku in listed}
    assert len(found) == len(listed)
    assert {tuple(sku.locations) for sku in listed} == {("westeurope",)}
    default = capabilities(found["Standard_D2ds_v4"])
    assert (default["vCPUs"], default["MemoryGB"], default["CpuArchitectureType"]) == ("2", "8", "x64")
    assert default["HyperVGenerations"] == "V1,V2"
    assert capabilities(found["Standard_D1_v2"])["HyperVGenerations"] == "V1"
    arm = capabilities(found["Standard_D2ps_v5"])
    assert (arm["CpuArchitectureType"], arm["HyperVGenerations"]) == ("Arm64", "V2")
    assert capabilities(found["Standard_DC2as_v5"])["ConfidentialComputingType"] == "SNP"


def test_a_size_is_listed_where_it_is_and_restricted_where_it_may_not_be_used(cloud: Harness) -> None:
    everywhere = list(cloud.compute.resource_skus.list())
    confidential = {sku.locations[0] for sku in everywhere if sku.name == "Standard_DC2as_v5"}
    assert "westeurope" in confidential
    assert "polandcentral" not in confidential
    (gpu,) = [sku for sku in everywhere if sku.name.startswith("Standard_NC") and sku.locations == ["westeurope"]]
    assert [restriction.reason_code for restriction in gpu.restrictions] == ["NotAvailableForSubscription"]
    refused(lambda: list(cloud.compute.resource_skus.list(filter="name eq 'x'")), "InvalidParameter")


def test_the_older_list_of_sizes_agrees(cloud: Harness) -> None:
    sizes = {size.name: size for size in cloud.compute.virtual_machine_sizes.list("WestEurope")}
    small = sizes["Standard_D1_v2"]
    assert (small.number_of_cores, small.memory_in_mb, small.resource_disk_size_in_mb) == (1, 3584, 51200)
    assert "Standard_DC2as_v5" not in {size.name for size in cloud.compute.virtual_machine_sizes.list("polandcentral")}
    refused(lambda: list(cloud.compute.virtual_machine_sizes.list("atlantis")), "LocationNotAvailableForResourceType")


def test_quotas_count_the_machines_that_are_allocated(cloud: Harness) -> None:
    def used() -> dict[str, int]:
        return {usage.name.value: usage.current_value for usage in cloud.compute.usage.list("westeurope")}

    assert used()["cores"] == 0
    bodies.run_machine(cloud)  # a Standard_D2s_v5
    now = used()
    assert (now["cores"], now["virtualMachines"], now["standardDSv5Family"], now["standardDDSv4Family"]) == (2, 1, 2, 0)
    assert {usage.current_value for usage in cloud.compute.usage.list("northeurope")} == {0}
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    assert (used()["cores"], used()["virtualMachines"]) == (0, 1)


def test_a_family_that_the_subscription_may_not_use_has_no_quota(cloud: Harness) -> None:
    limits = {usage.name.value: usage.limit for usage in cloud.compute.usage.list("westeurope")}
    assert limits["standardNCADSA100v4Family"] == 0
    assert limits["cores"] == limits["standardDSv5Family"] == 100
