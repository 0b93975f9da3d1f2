"""Checks of a submitted template against Azure: made in parallel, with all problems reported at once.

Mistakes in the template's own text are reported without asking Azure; a part with invalid ids is not looked up.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from activities import staging_group
from kiln.access.reach import outside
from kiln.access.settings import configured_reach
from kiln.cloud import facts, gallery, groups, identities, networks, quotas, regions, vhd_places
from kiln.errors import BuildError, ErrorDetail, provisioning_code
from kiln.ids import region_name
from kiln.planner.facts import Facts, SourceFacts
from kiln.planner.fit import misfits
from kiln.planner.fit.size import size_misfits
from kiln.planner.make_plan import gallery_image_ids
from kiln.template.references import check_references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiln.errors import Problem
    from kiln.ids import TemplateId
    from kiln.planner.facts import DefinitionFacts
    from kiln.runs.record import TemplateRecord
    from kiln.template.models import ImageTemplate

AT_ONCE = 8
"""Look-ups in parallel."""

LookUp = tuple[str, "Callable[[], Any]"]
"""The property that names something, and the call that looks it up."""


def problems(template: ImageTemplate, record: TemplateRecord) -> tuple[ErrorDetail, ...]:
    """Return all that is wrong with a template; each problem's code is one of AIB's provisioning error codes.

    A fault that may pass (throttling, a lost connection) is raised as it is.
    """
    wrong = named_wrong(template, record.id)
    asked = [look_up for look_up in _look_ups(template, record) if not _is_broken(look_up[0], wrong)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(_outcome, (call for _, call in asked)))
    found = [as_detail(problem) for problem in wrong]
    found += [_detail(error) for outcome in outcomes if isinstance(outcome, list) for error in outcome]
    source = next((outcome for outcome in outcomes if isinstance(outcome, SourceFacts)), None)
    definitions: dict[str, DefinitionFacts] = dict(item for item in outcomes if isinstance(item, tuple))
    if source is not None and set(gallery_image_ids(template)) <= definitions.keys():
        found += misfits(template, Facts(source=source, definitions=definitions))
    sizes = next((outcome for outcome in outcomes if isinstance(outcome, dict)), None)
    if source is not None and sizes is not None:
        found += size_misfits(template, source, sizes)
    return tuple(found)


def named_wrong(template: ImageTemplate, template_id: TemplateId) -> tuple[Problem, ...]:
    """Return the problems of the resources that a template names, by its text and its reach alone; Azure is not asked.

    The reach is a setting, and checked each time: it may have changed since the template was stored.
    """
    body = template.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return (*check_references(template, template_id), *outside(body, template_id, configured_reach()))


def as_detail(problem: Problem) -> ErrorDetail:
    """Return the problem with AIB's provisioning error code for it."""
    return problem.as_detail().model_copy(update={"code": problem.code})


def _look_ups(template: ImageTemplate, record: TemplateRecord) -> Iterator[LookUp]:
    """Yield calls that return facts (the source's, a definition's, the sizes'), or a list of what is wrong."""
    properties, where = template.properties, record.id
    yield "properties.source", lambda: facts.source_facts(where.subscription, template)
    for image_id in gallery_image_ids(template):
        yield "properties.distribute", lambda image_id=image_id: (image_id, gallery.definition(image_id))  # type: ignore[misc]  # mypy knows no types of a lambda's defaults
    yield "location", lambda: regions.check(template, where.subscription)
    yield "location", lambda: quotas.sizes_with_quotas(where.subscription, region_name(template.location))
    yield "properties.distribute", lambda: vhd_places.check(template)
    vnet = properties.vm_profile.vnet_config
    yield networks.PATH, lambda: networks.check(vnet, template.location)
    yield groups.TARGET, lambda: staging_group.check(record, template.location)
    if template.identity.assigned:
        yield from _identity(template.identity.assigned, "identity.userAssignedIdentities")
    for path, identity in _of_machine(template):
        yield from _identity(identity, path)


def machine_identities(template: ImageTemplate) -> None:
    """Raise a `BuildError` when the build machine cannot have its identities, which a run may name for itself."""
    for path, identity in _of_machine(template):
        identities.check(identity, path)


def _of_machine(template: ImageTemplate) -> Iterator[tuple[str, str]]:
    for index, identity in enumerate(template.properties.vm_profile.user_assigned_identities):
        yield f"properties.vmProfile.userAssignedIdentities[{index}]", identity


def _identity(identity: str, path: str) -> Iterator[LookUp]:
    yield path, lambda: identities.check(identity, path)


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except BuildError as error:
        return [error]


def _is_broken(path: str, wrong: tuple[Problem, ...]) -> bool:
    return any(problem.path.startswith(path) for problem in wrong)


def _detail(error: BuildError) -> ErrorDetail:
    """Return an error as one problem of a template: with AIB's code for it, and Azure's own words if it has any."""
    detail = error.detail
    return ErrorDetail(code=provisioning_code(detail), message=detail.message, target=detail.target, hint=detail.hint)
