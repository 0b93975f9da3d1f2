"""Decides a template's staging: once for its submission, and again, with the same result, for each of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import name_of, resource_id
from kiln.planner import names
from kiln.planner.artifacts import artifacts
from kiln.planner.staging import GroupSpec, NetworkSpec, StagingSpec, StorageSpec
from kiln.runs.tags import installation_tags, managed_tags, template_tags

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.template.models import ImageTemplate


def make_staging(
    template: ImageTemplate,
    *,
    template_id: TemplateId,
    version: int,
    made: datetime | None,
    staging_group: str,
    staging_given: bool,
    log_run_id: str | None,
    installation: str | None = None,
) -> StagingSpec:
    """Return the staging of version `version` of the template that was made at `made`.

    `log_run_id` is the run whose log the storage will have; a submission has none. `installation` is the id of the Kiln
    to which it belongs.
    """
    subscription, location = template_id.subscription, template.location
    tags = template_tags(template, template_id, installation)
    used_by = managed_tags(template) | {"usedBy": template_id.arm} | installation_tags(installation)
    group_tags = used_by if staging_given else tags
    return StagingSpec(
        group=GroupSpec(
            subscription=subscription, name=staging_group, location=location, tags=group_tags, given=staging_given
        ),
        network=_network(template, subscription, staging_group, tags),
        storage=StorageSpec(
            subscription=subscription,
            group=staging_group,
            location=location,
            tags=tags,
            account=names.storage_account(subscription, staging_group),
            log_blob=names.log_blob(log_run_id) if log_run_id else "",
        ),
        artifacts=artifacts(template, version, made),
    )


def _network(template: ImageTemplate, subscription: str, group: str, tags: dict[str, str]) -> NetworkSpec:
    own = template.properties.vm_profile.vnet_config.subnet_id
    made = resource_id(subscription, group, "Microsoft.Network/virtualNetworks/subnets", names.NETWORK, names.SUBNET)
    return NetworkSpec(
        subscription=subscription,
        group=group,
        location=template.location,
        tags=tags,
        security_group=names.SECURITY_GROUP,
        network=None if own else names.NETWORK,
        subnet=name_of(own) if own else names.SUBNET,
        subnet_id=own or made,
    )
