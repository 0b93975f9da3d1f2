"""A machine: recorded in the run's ledger, then made; later turned off, given back and marked."""

from __future__ import annotations

from activities.adapter import fence, implements
from kiln.cloud import machines
from kiln.cloud.commands import AGENT_HINT
from kiln.cloud.operations import tell_failure
from kiln.contracts import (
    CHECK_POWERED_OFF,
    MARK_GENERALIZED,
    START_DEALLOCATE,
    START_INTERFACE,
    START_MACHINE,
)
from kiln.messages import MachineRequest, Nothing, Operation, Progress
from kiln.runs.record import LedgerEntry
from kiln.runs.store import Ledgers

OFF = {"stopped", "deallocated"}
POWER_PAUSE = 3.0
"""Seconds between two looks at the power state: deprovisioning is quick, and nothing else happens meanwhile."""


@implements(START_INTERFACE)
def start_interface(request: MachineRequest) -> Operation:
    """Record the network interface, then start to make it."""
    machine = request.machine
    entry = LedgerEntry(kind="nic", id=machines.interface_id(machine), tier=2, purpose=machine.purpose)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return machines.start_interface(machine)


@implements(START_MACHINE)
def start_machine(request: MachineRequest) -> Operation:
    """Record the machine and its disks, then start to make them."""
    spec = request.machine
    machine = LedgerEntry(kind="vm", id=machines.machine_id(spec), tier=1, purpose=spec.purpose)
    disks = (LedgerEntry(kind="disk", id=disk, tier=2, purpose=spec.purpose) for disk in machines.disk_ids(spec))
    Ledgers().record(request.run.template, request.run.run_id, machine, *disks)
    return machines.start_machine(spec)


@implements(CHECK_POWERED_OFF)
def check_powered_off(request: MachineRequest) -> Progress:
    """Ask whether the machine has turned itself off, and if not, whether Azure knows why."""
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
