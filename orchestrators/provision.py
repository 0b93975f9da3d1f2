"""A machine of the run, whatever it is for: its network interface, then the machine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.machines import START_INTERFACE, START_MACHINE, ProvisionRequest

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.planner.plan import MachineSpec
    from orchestrators.flow import Flow, Steps


def provision(flow: Flow, run: RunRef, machine: MachineSpec) -> Steps[None]:
    """Make one machine and wait until it runs."""
    request = ProvisionRequest(run=run, machine=machine)
    yield from flow.complete(START_INTERFACE, request, owner=run)
    yield from flow.complete(START_MACHINE, request, owner=run)
