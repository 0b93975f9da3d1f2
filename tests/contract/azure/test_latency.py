from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devkit.azure.latency import AZURE
from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite


def test_instant_operations_are_over_at_the_first_poll_and_still_have_headers(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    answer = cloud.put(f"{bodies.group_id('rg')}/providers/Microsoft.Network/virtualNetworks/net", bodies.network())
    assert answer.headers["Retry-After"] == "0"
    path = answer.headers["Azure-AsyncOperation"].removeprefix(cloud.url).split("?")[0]
    assert cloud.http("GET", path).json()["status"] == "Succeeded"


def test_the_azure_profile_takes_its_scaled_time(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, latency=AZURE, time_scale=0.02)
    try:
        bodies.stage(cloud)
        path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm"
        began = time.monotonic()
        answer = cloud.put(path, bodies.machine("rg"))
        assert answer.headers["Retry-After"] == "1"
        assert cloud.http("GET", path).json()["properties"]["provisioningState"] == "Creating"
        cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", bodies.machine("rg")).result()
        assert time.monotonic() - began >= AZURE.table["vm.put"] * 0.02
    finally:
        cloud.stop()


def test_the_profile_can_be_changed_at_run_time(cloud: Harness) -> None:
    wanted = {"profile": "azure", "timeScale": 0.5}
    assert cloud.local("PUT", "latency", json=wanted) == wanted
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    answer = cloud.put(f"{bodies.group_id('rg')}/providers/Microsoft.Network/virtualNetworks/net", bodies.network())
    assert answer.headers["Retry-After"] == "5"
    cloud.local("PUT", "latency", json={"profile": "instant"})
