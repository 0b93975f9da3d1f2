"""The image template as AIB's REST API defines it: the body of PUT imageTemplates/{name}.

It owns the rules between its parts (source: Microsoft's `image-builder-json` reference and its API definitions up to
2025-10-01); it knows nothing about builds, Azure's clients, or how a template is stored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from kiln.template.base import (
    RESOURCE_GROUP,
    ArmId,
    ArtifactUrl,
    Checksum,
    IdentityId,
    Int32,
    Model,
    RegionName,
    See,
    Since,
    broken,
)
from kiln.template.customizers import Customizer, Validate
from kiln.template.distributors import Distributor, Targets
from kiln.template.envelope import IGNORED
from kiln.template.rules import Needed
from kiln.template.sources import Source
from kiln.template.tags import ManagedTags, ResourceTags
from kiln.template.vm_profile import DataDisk, VmProfile

MINIMUM_TIMEOUT = 6
"""The least timeout in minutes; AIB refuses 1 to 5 when the build starts (its troubleshooting page)."""

State = Literal["Enabled", "Disabled"]
OnError = Literal["cleanup", "abort"]
StagingGroupId = Annotated[str, ArmId((RESOURCE_GROUP,), "BadStagingResourceGroup", may_be_empty=True)]
"""The staging group's id; empty for a group that Kiln creates."""


class AssignedIdentity(Model):
    """An assigned identity. Its members are all read-only: in a request it is an empty object."""

    read_only = frozenset({"principalId", "clientId"})


class Identity(Model):
    """The template's identity: at most one user-assigned identity, as in AIB."""

    section = "user-assigned-identity-for-azure-image-builder-image-template-resource"
    read_only = frozenset({"principalId", "tenantId"})

    type: Literal["UserAssigned", "None"] = "UserAssigned"
    user_assigned_identities: dict[IdentityId, AssignedIdentity] = Field(default_factory=dict)

    @field_validator("user_assigned_identities")
    @classmethod
    def _one_at_most(cls, assigned: dict[str, AssignedIdentity]) -> dict[str, AssignedIdentity]:
        if len(assigned) > 1:
            raise broken("Other", "expected at most one user-assigned identity, as AIB supports no more")
        return assigned

    @property
    def assigned(self) -> str | None:
        """The identity's ARM id, if there is one."""
        return next(iter(self.user_assigned_identities), None) if self.type == "UserAssigned" else None


class VmBoot(Model):
    """Optimization of the image's boot."""

    state: State = "Disabled"


class Workload(Model):
    """A script that warms the image up for its workload (since 2025-10-01)."""

    state: State = "Disabled"
    script_uri: ArtifactUrl = ""
    sha256_checksum: Checksum = ""


class Optimize(Model):
    """The optimizations that make machines of the image start faster."""

    section = "properties-optimize"

    vm_boot: VmBoot = VmBoot()
    workload: Annotated[Workload, Since("2025-10-01")] = Workload()


class ErrorHandling(Model):
    """Whether a failed build's machine is deleted or kept for inspection."""

    section = "properties-errorhandling"

    on_customizer_error: OnError = "cleanup"
    on_validation_error: OnError = "cleanup"


class AutoRun(Model):
    """Whether a build starts once the template is submitted."""

    state: State = "Disabled"


def with_different_names(distribute: tuple[Distributor, ...]) -> tuple[Distributor, ...]:
    """Return `distribute` if its runOutputNames differ in more than case; raise the rule's error otherwise."""
    names = [target.run_output_name.lower() for target in distribute]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise broken("Other", f"expected a different runOutputName for each target; used twice: {', '.join(twice)}")
    return distribute


class TemplateProperties(Model):
    """A template's properties: source, customizers, validators, targets, and settings of its builds."""

    read_only = frozenset({"provisioningState", "provisioningError", "lastRunStatus", "exactStagingResourceGroup"})

    source: Annotated[Source, See("properties-source")]
    customize: Annotated[tuple[Customizer, ...], See("properties-customize")] = ()
    distribute: Annotated[Targets, See("properties-distribute")]
    optimize: Annotated[Optimize, Since("2022-07-01")] = Optimize()
    validation: Annotated[Validate, Field(alias="validate"), Since("2022-02-14")] = Field(
        default=Validate(), alias="validate"
    )
    error_handling: Annotated[ErrorHandling, Since("2023-07-01")] = ErrorHandling()
    vm_profile: VmProfile = VmProfile()
    additional_data_disks: Annotated[tuple[DataDisk, ...], Since("2025-10-01")] = ()
    build_timeout_in_minutes: Annotated[Int32, Field(ge=0, le=960), See("properties-buildtimeoutinminutes")] = 0
    staging_resource_group: Annotated[StagingGroupId, Since("2022-02-14"), See("properties-stagingresourcegroup")] = ""
    auto_run: Annotated[AutoRun, Since("2024-02-01")] = AutoRun()
    managed_resource_tags: Annotated[ManagedTags, Since("2024-02-01")] = Field(default_factory=dict)

    @field_validator("distribute")
    @classmethod
    def _names_differ(cls, distribute: tuple[Distributor, ...]) -> tuple[Distributor, ...]:
        return with_different_names(distribute)

    @field_validator("build_timeout_in_minutes")
    @classmethod
    def _long_enough(cls, minutes: int) -> int:
        if 0 < minutes < MINIMUM_TIMEOUT:
            raise broken("Other", f"expected 0 (the default, 4 hours) or {MINIMUM_TIMEOUT} to 960 minutes")
        return minutes


class ImageTemplate(Model):
    """The body of PUT imageTemplates/{name}. `id`, `name` and `type` are read-only and ignored when sent.

    So are `$schema`, by which an editor finds the JSON Schema, and members of an ARM template's resource (envelope.py).
    """

    read_only = frozenset({"id", "name", "type", "apiVersion", "systemData", "$schema", *IGNORED})
    unknown = "`copy`, `condition` and nested `resources` of an ARM template file are resolved by `kiln build FILE`"

    location: Annotated[RegionName, See("location")]
    tags: Annotated[ResourceTags, See("tags")] = Field(default_factory=dict)
    identity: Annotated[Identity, Needed('{"type": "UserAssigned", "userAssignedIdentities": {"<its id>": {}}}')]
    properties: TemplateProperties
