"""An examination of all areas in parallel. Only one runs at a time; a request meanwhile gets the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.doctor.contracts import EXAMINE, EXAMINE_AREA, KEEP_HEALTH, AreaRequest, Examined, ExamineRequest
from kiln.doctor.findings import Area
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps


@orchestrator(EXAMINE, root=True)
def examine(flow: Flow, request: ExamineRequest) -> Steps[Nothing]:
    """Examine every area, and store the findings."""
    began = flow.stamp
    requests = [AreaRequest(area=area, at=began, lost=request) for area in Area]
    found = yield from flow.run_all(EXAMINE_AREA, requests)
    yield from flow.run(KEEP_HEALTH, Examined(at=began, found=tuple(found)))
    return Nothing()
