"""PATCH of a template: parse its body, and apply it.

It owns which properties a PATCH may change, and how each is merged; the patched template is checked as any other.

Resource Manager's RPC contract ("Patch resource", as of Azure/azure-resource-manager-rpc pull request 109) has JSON
merge patch (RFC 7396) for what is inside `properties`, where null removes, and not for what is beside them: there a
null is a property that is not given, as in a PUT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from kiln.errors import Problem, TemplateInvalid
from kiln.template.base import IdentityId, Model, See, Since, broken
from kiln.template.distributors import Distributor, Targets
from kiln.template.envelope import IGNORED
from kiln.template.merge import merge
from kiln.template.models import AssignedIdentity, ImageTemplate, with_different_names
from kiln.template.parse import parse_as, parse_template, without_read_only
from kiln.template.tags import ResourceTags
from kiln.template.vm_profile import VmProfile
from kiln.template.wording import reference

WHAT = "update of an image template"


class _Patch(Model):
    unknown: ClassVar[str] = "a PATCH changes nothing else, so PUT the whole template"


class IdentityPatch(_Patch):
    """Identities to add or, with null as their value, to remove; the type `None` removes them all."""

    section = "user-assigned-identity-for-azure-image-builder-image-template-resource"
    read_only = frozenset({"principalId", "tenantId"})

    type: Literal["UserAssigned", "None"] = "UserAssigned"
    user_assigned_identities: dict[IdentityId, AssignedIdentity | None] = Field(default_factory=dict)


class PropertiesPatch(_Patch):
    """The targets that replace all others, and changes to the build machine."""

    nullable = frozenset({"distribute", "vmProfile"})

    distribute: Annotated[Targets | None, See("properties-distribute")] = None
    vm_profile: Annotated[VmProfile | None, Since("2024-02-01")] = None

    @field_validator("distribute")
    @classmethod
    def _names_differ(cls, distribute: tuple[Distributor, ...] | None) -> tuple[Distributor, ...] | None:
        if distribute is None:
            raise broken(
                "Other", "expected a list, got null, which would remove all targets; leave it out to keep them"
            )
        return with_different_names(distribute)


class PatchBody(_Patch):
    """The body of PATCH imageTemplates/{name} (`ImageTemplateUpdateParameters` in Microsoft's API definitions)."""

    read_only = ImageTemplate.read_only - IGNORED.keys()

    identity: IdentityPatch | None = None
    tags: Annotated[ResourceTags | None, See("tags")] = None
    properties: Annotated[PropertiesPatch | None, Since("2023-07-01")] = None


@dataclass(frozen=True)
class TemplatePatch:
    """A PATCH that can be applied: its body as it was sent, which has been checked, and its targets, if it has any."""

    body: dict[str, Any]
    distribute: tuple[Distributor, ...] = ()


def parse_patch(body: Any, api_version: str | None = None) -> TemplatePatch:
    """Return the patch that `body` (decoded JSON) describes.

    Raises `TemplateInvalid` with every problem in it, and `RequestInvalid` for an unsupported api-version.
    """
    parsed = parse_as(PatchBody, body, api_version, what=WHAT, partial=True)
    distribute = parsed.properties.distribute if parsed.properties else None
    return TemplatePatch(
        body={name: value for name, value in body.items() if name not in PatchBody.read_only},
        distribute=distribute or (),
    )


def apply_patch(template_body: dict[str, Any], patch: TemplatePatch) -> dict[str, Any]:
    """Return the body of the patched template; `template_body` is the stored one.

    Tags and targets are replaced whole (Resource Manager's RPC contract says so for tags), identities are added and
    removed, the build machine is merged (RFC 7396), so that a null there means its default. Raises `TemplateInvalid` if
    a target's run output would be lost, or if the patched template breaks a rule.
    """
    changed = dict(template_body)
    if (tags := patch.body.get("tags")) is not None:
        changed["tags"] = tags
    if (identity := patch.body.get("identity")) is not None:
        changed["identity"] = _identity(template_body["identity"], identity)
    properties = patch.body.get("properties") or {}
    changed["properties"] = dict(template_body["properties"])
    if (distribute := properties.get("distribute")) is not None:
        _check_outputs(template_body["properties"]["distribute"], distribute)
        changed["properties"]["distribute"] = distribute
    if "vmProfile" in properties:
        machine = {name: value for name, value in properties.items() if name == "vmProfile"}
        changed["properties"] = merge(changed["properties"], machine)
    parse_template(changed)
    return without_read_only(changed)


def _identity(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return the identity with those of `patch` added or removed; ids are compared without regard to case."""
    named = patch.get("userAssignedIdentities") or {}
    if patch.get("type") == "None":
        return {"type": "None"}
    touched = {name.lower() for name in named}
    kept: dict[str, Any] = {
        name: {} for name in before.get("userAssignedIdentities", {}) if name.lower() not in touched
    }
    assigned = kept | {name: {} for name, value in named.items() if value is not None}
    return {"type": "UserAssigned", "userAssignedIdentities": assigned} if assigned else {"type": "None"}


def _check_outputs(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Raise an error if a run output would be lost: AIB removes none (its troubleshooting page)."""
    named = {target["runOutputName"].lower() for target in after}
    lost = [target["runOutputName"] for target in before if target["runOutputName"].lower() not in named]
    if lost:
        text = f"expected every runOutputName that the template has; missing: {', '.join(lost)}"
        problem = Problem(
            path="properties.distribute", message=text, source=reference("properties-distribute"), code="Other"
        )
        raise TemplateInvalid((problem,), what=WHAT)
