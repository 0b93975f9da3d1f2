"""One region of a gallery version: wait until it can be used, then say so at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import CHECK_REGION, REPLICATE, REPORT_OUTPUT, ReplicateRequest
from kiln.messages import Listener, Nothing, OutputReport
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps


@orchestrator(REPLICATE)
def replicate(flow: Flow, request: ReplicateRequest) -> Steps[Nothing]:
    """Wait for one region and add it to the run's output."""
    asked = request.region
    yield from flow.wait(
        CHECK_REGION,
        asked,
        doing=f"replicate {asked.target.version_id} to {asked.region}",
        within=timedelta(seconds=request.within),
        listener=Listener(run=asked.run, phase=Phase.DISTRIBUTE, about=request.output.name),
    )
    ready = request.output.model_copy(update={"regions": (asked.region,)})
    yield from flow.run(REPORT_OUTPUT, OutputReport(run=asked.run, output=ready))
    return Nothing()
