"""A run's machine: recorded in the ledger, then made; later turned off, deallocated and marked as generalized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from activities.making import making
from kiln.cloud import machines
from kiln.cloud.commands import AGENT_HINT
from kiln.cloud.operations import tell_failure
from kiln.contracts.base import Nothing, Operation, Progress
from kiln.contracts.machines import (
    CHECK_POWERED_OFF,
    MARK_GENERALIZED,
    START_DEALLOCATE,
    START_INTERFACE,
    START_MACHINE,
    MachineRequest,
    ProvisionRequest,
)
from kiln.runs.ledger import EntryKind, LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.tags import mark_in

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec

OFF = {"stopped", "deallocated"}
POWER_PAUSE = 3.0
"""Seconds between two looks at the power state: deprovisioning is quick, and nothing else happens meanwhile."""


@implements(START_INTERFACE)
def start_interface(request: ProvisionRequest) -> Operation:
    """Record the network interface, then start to make it."""
    machine = request.machine
    with making(request.run, _entry(machine, "nic", machines.interface_id(machine), 2)):
        return machines.start_interface(machine)


@implements(START_MACHINE)
def start_machine(request: ProvisionRequest) -> Operation:
    """Record the machine and its disks, then start to make them.

    If Azure refuses the PUT, only the machine's entry is struck: Azure may have made the disks before that.
    """
    spec = request.machine
    disks = (_entry(spec, "disk", disk, 2) for disk in machines.disk_ids(spec))
    Ledgers().record(request.run.template, request.run.run_id, *disks)
    with making(request.run, _entry(spec, "vm", machines.machine_id(spec), 1)):
        return machines.start_machine(spec)


def _entry(machine: MachineSpec, kind: EntryKind, resource: str, tier: int) -> LedgerEntry:
    return LedgerEntry(kind=kind, id=resource, tier=tier, mark=mark_in(machine.tags), purpose=machine.purpose)


@implements(CHECK_POWERED_OFF)
def check_powered_off(request: MachineRequest) -> Progress:
    """Return whether the machine has turned itself off. Raises `AzureFailed` if Azure says why it never will."""
    fence(request.run)
    done = machines.power_state(request.machine) in OFF
    if not done:
        tell_failure(request.operation, AGENT_HINT)
    return Progress(done=done, retry_after=POWER_PAUSE)


@implements(START_DEALLOCATE)
def start_deallocate(request: MachineRequest) -> Operation:
    """Start to deallocate the machine."""
    fence(request.run)
    return machines.start_deallocate(request.machine)


@implements(MARK_GENERALIZED)
def mark_generalized(request: MachineRequest) -> Nothing:
    """Mark the machine as generalized."""
    fence(request.run)
    machines.mark_generalized(request.machine)
    return Nothing()
