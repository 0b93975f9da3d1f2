"""What is done to the build machine: the template's customizers, then the optimizations that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.contracts.machines import CUSTOMIZE, OPTIMIZE
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator
from orchestrators.run_steps import run_steps

if TYPE_CHECKING:
    from kiln.contracts.machines import StepsRequest
    from orchestrators.flow import Steps


@orchestrator(CUSTOMIZE)
def customize(flow: Flow, request: StepsRequest) -> Steps[Nothing]:
    """Take every customizer's step. Raises `CustomizerFailed` at the first that fails."""
    yield from run_steps(flow, Phase.CUSTOMIZE, request)
    return Nothing()


@orchestrator(OPTIMIZE)
def optimize(flow: Flow, request: StepsRequest) -> Steps[Nothing]:
    """Take every step of optimization. Raises `CustomizerFailed` at the first that fails."""
    yield from run_steps(flow, Phase.OPTIMIZE, request)
    return Nothing()
