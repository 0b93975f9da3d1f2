"""What is done to the build machine: the template's customizers, then the optimizations that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import CUSTOMIZE, OPTIMIZE, StagedRun
from kiln.messages import Nothing
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator
from orchestrators.provision import build_machine
from orchestrators.walk import walk

if TYPE_CHECKING:
    from orchestrators.flow import Steps


@orchestrator(CUSTOMIZE)
def customize(flow: Flow, request: StagedRun) -> Steps[Nothing]:
    """Take every customizer's step. Raises `CustomizerFailed` at the first that fails."""
    plan = request.plan
    machine = build_machine(plan)
    yield from walk(flow, Phase.CUSTOMIZE, run=plan.run, machine=machine, storage=request.storage, steps=plan.steps)
    return Nothing()


@orchestrator(OPTIMIZE)
def optimize(flow: Flow, request: StagedRun) -> Steps[Nothing]:
    """Take every step of optimization. Raises `CustomizerFailed` at the first that fails."""
    plan = request.plan
    machine = build_machine(plan)
    yield from walk(flow, Phase.OPTIMIZE, run=plan.run, machine=machine, storage=request.storage, steps=plan.optimize)
    return Nothing()
