"""The image template as AIB's REST API defines it: the body of PUT imageTemplates/{name}.

It owns the rules that hold between parts (source: Microsoft's `image-builder-json` reference and its API definitions up
to 2025-10-01); it knows nothing of builds, of Azure's clients, or of how a template is stored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kiln.template.base import RESOURCE_GROUP, ArmId, Checksum, IdentityId, Model, NonEmpty, Since, broken
from kiln.template.customizers import Customizer, Validate
from kiln.template.distributors import Distributor
from kiln.template.sources import Source
from kiln.template.vm_profile import DataDisk, VmProfile

MINIMUM_TIMEOUT = 6
"""Minutes; AIB refuses 1 to 5 when the build starts (Microsoft's image-builder troubleshooting page)."""

State = Literal["Enabled", "Disabled"]
OnError = Literal["cleanup", "abort"]
StagingGroupId = Annotated[str, ArmId((RESOURCE_GROUP,), "BadStagingResourceGroup")]
"""Empty for a group of Kiln's own making."""


class AssignedIdentity(Model):
    """What Azure says of an assigned identity; both are read-only, and ignored when sent."""

    principal_id: str | None = None
    client_id: str | None = None


class Identity(Model):
    """The template's identity, as AIB demands it: at most one user-assigned identity."""

    type: Literal["UserAssigned", "None"]
    user_assigned_identities: dict[IdentityId, AssignedIdentity | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rules(self) -> Identity:
        if len(self.user_assigned_identities) > 1:
            raise broken("Other", "expected one user-assigned identity; AIB supports no more")
        return self

    @property
    def assigned(self) -> str | None:
        """The identity's ARM id, if there is one."""
        return next(iter(self.user_assigned_identities), None) if self.type == "UserAssigned" else None


class VmBoot(Model):
    """Optimization of the image's boot."""

    state: State = "Disabled"


class Workload(Model):
    """A script that warms the image up for what it is made for (since 2025-10-01)."""

    state: State = "Disabled"
    script_uri: str = ""
    sha256_checksum: Checksum = ""


class Optimize(Model):
    """What is done to make machines of the image start faster."""

    vm_boot: VmBoot = VmBoot()
    workload: Annotated[Workload, Since("2025-10-01")] = Workload()


class ErrorHandling(Model):
    """Whether a failed build's machine is cleaned up or kept for a look at it."""

    on_customizer_error: OnError = "cleanup"
    on_validation_error: OnError = "cleanup"


class AutoRun(Model):
    """Whether a build starts when the template is made or updated."""

    state: State = "Disabled"


class TemplateProperties(Model):
    """What an image is made from, what is done to it, and where it goes."""

    source: Source
    customize: tuple[Customizer, ...] = ()
    distribute: tuple[Distributor, ...]
    optimize: Annotated[Optimize, Since("2022-07-01")] = Optimize()
    validation: Annotated[Validate, Field(alias="validate"), Since("2022-02-14")] = Field(
        default=Validate(), alias="validate"
    )
    error_handling: Annotated[ErrorHandling, Since("2023-07-01")] = ErrorHandling()
    vm_profile: VmProfile = VmProfile()
    additional_data_disks: Annotated[tuple[DataDisk, ...], Since("2025-10-01")] = ()
    build_timeout_in_minutes: Annotated[int, Field(ge=0, le=960)] = 0
    staging_resource_group: Annotated[StagingGroupId, Since("2022-02-14")] = ""
    auto_run: Annotated[AutoRun, Since("2024-02-01")] = AutoRun()
    managed_resource_tags: Annotated[dict[str, str], Since("2024-02-01")] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _targets_and_timeout(self) -> TemplateProperties:
        if not self.distribute:
            raise broken("BadDistributeType", "expected at least one target in distribute")
        names = [target.run_output_name.lower() for target in self.distribute]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise broken("Other", f"expected a different runOutputName for each target; used twice: {', '.join(twice)}")
        if 0 < self.build_timeout_in_minutes < MINIMUM_TIMEOUT:
            raise broken("Other", f"expected buildTimeoutInMinutes to be 0 (the default) or {MINIMUM_TIMEOUT} to 960")
        return self


class ImageTemplate(Model):
    """The body of PUT imageTemplates/{name}. `id`, `name` and `type` are read-only and ignored when sent."""

    location: NonEmpty
    tags: dict[str, str] = Field(default_factory=dict)
    identity: Identity
    properties: TemplateProperties
