"""Check what a template refers to (resources, regions, URLs and paths) as far as possible without asking Azure.

AIB accepts a template that breaks these rules, and then fails it with a provisioning error. Some of the texts are
refused already when they are sent (texts.py); here they are checked for templates that were stored before that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kiln.blob_urls import is_staging, parts
from kiln.ids import part_of, region_name
from kiln.template.base import RESOURCE_GROUP, ArmId
from kiln.template.distributors import SharedImageDistributor, VhdDistributor
from kiln.template.models import ImageTemplate
from kiln.template.shape import locate, root, walk
from kiln.template.sources import ManagedImageSource
from kiln.template.texts import problem_at, text_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.errors import Problem
    from kiln.ids import TemplateId
    from kiln.template.base import Model
    from kiln.template.distributors import Distributor
    from kiln.template.shape import Path

_GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")


def check_references(template: ImageTemplate, template_id: TemplateId | None = None) -> tuple[Problem, ...]:
    """Return all problems with what the template refers to, without asking Azure.

    With the template's own id, the rules for its subscription and resource group are checked, too.
    """
    problems = list(check_texts(template.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    properties = template.properties
    if not properties.distribute and not properties.validation.source_validation_only:
        problems.append(_problem(("properties", "distribute"), "expected at least one target", "BadDistributeType"))
    problems += check_targets(properties.distribute)
    problems += _identity(template)
    if template_id is not None:
        problems += _own(template, template_id)
    return tuple(problems)


def check_texts(body: Any, model: type[Model] = ImageTemplate) -> tuple[Problem, ...]:
    """Return the problems of the ids, regions, URLs and other texts of `body`, which need not be a valid `model`."""
    return tuple(problem for place, value in walk(root(model), body) for problem in text_problems(place, value))


def check_targets(distribute: tuple[Distributor, ...]) -> Iterator[Problem]:
    """Yield the problems with what the targets of a template or of a PATCH refer to, beside those of their texts."""
    for index, target in enumerate(distribute):
        path: Path = ("properties", "distribute", index)
        match target:
            case SharedImageDistributor():
                which = "targetRegions" if target.target_regions else "replicationRegions"
                names = [region_name(region.name) for region in target.regions()]
                for name in sorted({name for name in names if names.count(name) > 1}):
                    yield _problem((*path, which), f"expected each region once; {name} is named twice", target.code)
            case VhdDistributor() if target.uri and is_staging(target.uri):
                message = "expected a storage account of your own; this is a template's staging, and deleted with it"
                yield _problem((*path, "uri"), message)
            case VhdDistributor() if target.uri and not parts(target.uri).container:
                yield _problem((*path, "uri"), "expected the URL of a blob or of a container, not of an account")


def _identity(template: ImageTemplate) -> Iterator[Problem]:
    if template.identity.type == "UserAssigned" and not template.identity.user_assigned_identities:
        yield _problem(("identity", "userAssignedIdentities"), "expected one user-assigned identity")
    if template.identity.type == "None" and template.identity.user_assigned_identities:
        yield _problem(("identity", "userAssignedIdentities"), "expected none, as the identity's type is None")


def _own(template: ImageTemplate, template_id: TemplateId) -> Iterator[Problem]:
    """Yield the problems of references that do not suit the template's own subscription and resource group."""
    source, group = template.properties.source, template.properties.staging_resource_group
    if isinstance(source, ManagedImageSource) and _is_elsewhere(source.image_id, template_id):
        yield _problem(
            ("properties", "source", "imageId"),
            f"expected a managed image in the template's own subscription, {template_id.subscription}",
            source.code,
        )
    if not group or not ArmId((RESOURCE_GROUP,)).matches(group):
        return
    path, code = ("properties", "stagingResourceGroup"), "BadStagingResourceGroup"
    name = part_of(group, "resourceGroups")
    if _is_elsewhere(group, template_id):
        yield _problem(path, f"expected a group in the template's own subscription, {template_id.subscription}", code)
    elif name.lower() == template_id.group.lower():
        yield _problem(path, "expected an empty group, which the template's own group is not", code)
    if not _GROUP.fullmatch(name):
        yield _problem(
            path, "expected a group's name of 1 to 90 letters, digits, -, _, ., ( and ), without . at its end", code
        )


def _is_elsewhere(arm_id: str, template_id: TemplateId) -> bool:
    try:
        return part_of(arm_id, "subscriptions").lower() != template_id.subscription.lower()
    except ValueError:  # not an id at all: that is a problem of its own
        return False


def _problem(path: Path, message: str, code: str = "Other") -> Problem:
    return problem_at(locate(ImageTemplate, path), message, code)
