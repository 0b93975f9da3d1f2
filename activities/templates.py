"""The end of a template."""

from __future__ import annotations

from activities.adapter import implements
from kiln.cloud import staging
from kiln.contracts import CHECK_RUN_OVER, FORGET_TEMPLATE, START_DELETE_GROUP
from kiln.messages import DeleteTemplateRequest, Nothing, Operation, Progress
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.store import Runs, Templates


@implements(CHECK_RUN_OVER)
def check_run_over(request: DeleteTemplateRequest) -> Progress:
    """Ask whether the template's latest run is over."""
    stored = Templates().get(request.template)
    if stored is None or stored.content.run_id is None:
        return Progress(done=True)
    run = Runs().get(request.template, stored.content.run_id)
    return Progress(done=run is None or run.state.is_final)


@implements(START_DELETE_GROUP)
def start_delete_group(request: DeleteTemplateRequest) -> Operation:
    """Start to delete the staging group and all that is in it."""
    record = _doomed(request)
    if record is None:
        return Operation(doing="delete the staging resource group")
    return staging.start_delete_group(request.template.subscription, record.staging_group)


@implements(FORGET_TEMPLATE)
def forget_template(request: DeleteTemplateRequest) -> Nothing:
    """Remove the template's runs, then the template itself."""
    if _doomed(request) is None:
        return Nothing()
    Runs().delete_all(request.template)
    Templates().delete(request.template)
    return Nothing()


def _doomed(request: DeleteTemplateRequest) -> TemplateRecord | None:
    """Return the template if it is still the one to be deleted: a new one of its name is none of our business."""
    stored = Templates().get(request.template)
    if stored is None or stored.content.provisioning_state is not ProvisioningState.DELETING:
        return None
    return stored.content
