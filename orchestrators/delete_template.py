"""The end of a template: its run ends, its staging group goes, its records go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import CHECK_RUN_OVER, DELETE_TEMPLATE, FORGET_TEMPLATE, START_DELETE_GROUP
from kiln.messages import DeleteTemplateRequest, Nothing
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

RUN_LIMIT = timedelta(hours=2)
"""For a canceled run to clean up after itself."""


@orchestrator(DELETE_TEMPLATE)
def delete_template(flow: Flow, request: DeleteTemplateRequest) -> Steps[Nothing]:
    """Wait for the template's run, delete the staging group with all that is in it, and forget the template."""
    yield from flow.wait(CHECK_RUN_OVER, request, doing="end the template's run", within=RUN_LIMIT)
    yield from flow.complete(START_DELETE_GROUP, request, run=None)
    yield from flow.run(FORGET_TEMPLATE, request)
    return Nothing()
