"""Deletion of a template: its run ends, then its staging group is deleted, then its records."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.contracts.templates import (
    CHECK_IDLE,
    DELETE_TEMPLATE,
    FAIL_DELETION,
    FORGET_TEMPLATE,
    LIST_STAGED,
    START_DELETE_GROUP,
    DeletionFailure,
    TemplateRequest,
)
from kiln.errors import BuildError
from orchestrators.clean_up import delete_tiers
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import complete, wait

if TYPE_CHECKING:
    from orchestrators.flow import Steps

RUN_LIMIT = timedelta(hours=2)
"""The time that a canceled run has to clean up after itself."""


@orchestrator(DELETE_TEMPLATE, root=True)
def delete_template(flow: Flow, request: TemplateRequest) -> Steps[Nothing]:
    """Wait for the end of the template's submission and run, delete its staging, then its records.

    A staging group that is not Kiln's, or has resources of others in it, stays: only what Kiln made there is deleted
    (LIST_STAGED returns that, and nothing for a group that is deleted whole), and START_DELETE_GROUP takes Kiln's tags
    off it. Raises a `BuildError` when something could not be deleted: the template then stays with that error, and can
    be deleted again.
    """
    try:
        yield from _delete(flow, request)
    except BuildError as error:
        yield from flow.run(
            FAIL_DELETION, DeletionFailure(template=request.template, made=request.made, error=error.detail)
        )
        raise
    return Nothing()


def _delete(flow: Flow, request: TemplateRequest) -> Steps[None]:
    yield from wait(flow, CHECK_IDLE, request, doing="end the template's submission and run", within=RUN_LIMIT)
    staged = yield from flow.run(LIST_STAGED, request)
    leftovers = yield from delete_tiers(flow, staged.entries)
    if leftovers:
        raise BuildError(f"{'; '.join(each.rstrip('.') for each in leftovers)}.", target=request.template.arm)
    yield from complete(flow, START_DELETE_GROUP, request, owner=None)
    yield from flow.run(FORGET_TEMPLATE, request)
