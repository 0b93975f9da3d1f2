"""The instance view of a virtual machine: power state, agent, statuses.

It owns the derivation from the machine's real state; it must not change anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.compute import vm_disks

if TYPE_CHECKING:
    from devkit.azure.store import Resource
    from devkit.guests.port import Guest

_DISPLAY = {
    "running": "VM running",
    "stopped": "VM stopped",
    "deallocated": "VM deallocated",
    "starting": "VM starting",
}


def power_of(vm: Resource, guest: Guest | None) -> str:
    """Return running, stopped, deallocated or starting; a machine that switched itself off is stopped."""
    recorded: str = vm.private.get("power", "starting")
    if recorded == "running" and (guest is None or guest.power_state == "stopped"):
        return "stopped"
    return recorded


def show(vm: Resource, guest: Guest | None) -> dict[str, Any]:
    """Build the instance view."""
    power = power_of(vm, guest)
    state = vm.properties["provisioningState"]
    statuses = [_status(f"ProvisioningState/{state.lower()}", f"Provisioning {state.lower()}")]
    if vm.private.get("generalized"):
        statuses.append(_status("OSState/generalized", "VM generalized"))
    statuses.append(_status(f"PowerState/{power}", _DISPLAY[power]))
    view: dict[str, Any] = {
        "vmAgent": _agent(ready=power == "running"),
        "disks": [
            {"name": disk["name"], "statuses": [_status("ProvisioningState/succeeded", "Provisioning succeeded")]}
            for disk in vm_disks.named(vm)
        ],
        "hyperVGeneration": vm.private["generation"],
        "statuses": statuses,
    }
    if power == "running":
        view["computerName"] = vm.properties.get("osProfile", {}).get("computerName", vm.name)
    return view


def _agent(*, ready: bool) -> dict[str, Any]:
    if ready:
        status = _status("ProvisioningState/succeeded", "Ready")
        message = "Guest Agent is running"
    else:
        status = _status("ProvisioningState/Unavailable", "Not Ready", level="Warning")
        message = "VM status blob is found but not yet populated."
    return {"vmAgentVersion": "2.9.0.0", "statuses": [{**status, "message": message}], "extensionHandlers": []}


def _status(code: str, display: str, *, level: str = "Info") -> dict[str, str]:
    return {"code": code, "level": level, "displayStatus": display, "time": clock.iso(clock.now())}
