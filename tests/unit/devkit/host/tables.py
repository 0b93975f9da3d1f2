"""Function tables of the sample flows, for tests that drive the engine or the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.host.flow_sources import orchestrator_handles
from devkit.host.functions import FunctionTable
from tests.unit.devkit.host import sample_flows

if TYPE_CHECKING:
    from collections.abc import Callable


def table(*orchestrators: Any, **activities: Callable[[Any], Any]) -> FunctionTable:
    """Return the sample flows, with further orchestrators, and plain functions as activities."""
    given: dict[str, Callable[[Any], Any]] = {
        "echo": lambda payload: payload,
        "square": lambda payload: payload * payload,
    }
    return FunctionTable(orchestrator_handles([sample_flows.bp, *orchestrators]), given | activities)
