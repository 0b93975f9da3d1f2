"""Makes a plan of a template, facts and a run id: the one pure function that decides everything that a build does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.planner.commands import Commands
from kiln.planner.customize import customize
from kiln.planner.distribute import Targets, definition_ids
from kiln.planner.fit import check_fit
from kiln.planner.machine import build_machine
from kiln.planner.make_staging import make_staging
from kiln.planner.optimize import optimize
from kiln.planner.origin import machine_origin, version_origin
from kiln.planner.plan import WholePlan
from kiln.planner.retry import retry_from_image
from kiln.planner.scripts import generalize as generalize_scripts
from kiln.planner.validation import validation
from kiln.runs.tags import overridden_tags, run_tags, template_tags

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.ids import RunRef
    from kiln.planner.facts import Facts, OperatingSystem
    from kiln.planner.retry import Retry, RetryFromImage
    from kiln.planner.staging import StagingSpec
    from kiln.planner.steps import StepSpec
    from kiln.planner.targets import OriginSpec, Target
    from kiln.template.models import ImageTemplate

ABORT = "abort"
"""The value of `errorHandling` that keeps the machine, so that somebody can look at it."""
DEFAULT_TIMEOUT = 240
"""Minutes that a `buildTimeoutInMinutes` of 0 means, as for AIB (Microsoft's image-builder-json)."""

GENERALIZE_TIMEOUT: dict[OperatingSystem, int] = {"Linux": 15, "Windows": 60}
"""Minutes from scheduling the generalization to the machine being off; sysprep may take most of an hour."""


def make_plan(
    template: ImageTemplate,
    *,
    run: RunRef,
    version: int,
    made: datetime | None,
    staging_group: str,
    staging_given: bool,
    facts: Facts,
    retry: Retry | None = None,
    installation: str | None = None,
) -> WholePlan:
    """Return the plan of one run of the template's version `version`. Equal arguments give an equal plan.

    `made` tells the template from earlier ones with the same name; it is None if the template is not stored at all.
    `installation` is the id of the Kiln that builds, with which resources are tagged.

    Raises `TemplateRefused` with everything that does not fit together. The facts of a retry must be of the source
    version that the earlier run was built from.
    """
    if retry is not None and retry.source_version != facts.source.version:
        raise ValueError(f"a retry of {retry.source_version} needs its facts, not those of {facts.source.version}")
    check_fit(template, facts)
    staging = make_staging(
        template,
        template_id=run.template,
        version=version,
        made=made,
        staging_group=staging_group,
        staging_given=staging_given,
        log_run_id=run.run_id,
        installation=installation,
    )
    tags = template_tags(template, run.template, installation) | run_tags(run, installation)
    from_image = retry_from_image(template, retry, facts.source)
    properties = template.properties
    plan = WholePlan(
        run=run,
        staging=staging,
        machine=None,
        steps=(),
        optimize=(),
        generalize=None,
        validation=None,
        origin=None,
        targets=(),
        timeout_minutes=properties.build_timeout_in_minutes or DEFAULT_TIMEOUT,
        keep_on_customizer_error=properties.error_handling.on_customizer_error == ABORT,
        keep_on_validation_error=properties.error_handling.on_validation_error == ABORT,
        not_used=_not_used(template),
        source_version=facts.source.version,
        scripts={},
    )
    if from_image is not None:
        return _distribution(plan, template, tags, facts, from_image)
    return _build(plan, template, version, tags, facts)


def gallery_image_ids(template: ImageTemplate) -> tuple[str, ...]:
    """Return the ids of the image definitions whose facts a plan of the template needs."""
    return definition_ids(template)


def _build(plan: WholePlan, template: ImageTemplate, version: int, tags: dict[str, str], facts: Facts) -> WholePlan:
    """Return the plan with all parts of a build, or, if only the source is validated, with that part."""
    run_id, timeout, os = plan.run.run_id, plan.timeout_minutes, facts.source.os
    commands, testing = Commands(run_id, timeout), Commands(run_id, timeout)
    tested = validation(template, run_id, version, plan.staging, tags, facts.source, testing)
    if template.properties.validation.source_validation_only:
        return plan.model_copy(update={"validation": tested, "scripts": testing.scripts})
    machine = build_machine(template, run_id, plan.staging, tags, facts.source)
    origin = machine_origin(machine)
    parts = {
        "steps": customize(template, version, commands, os),
        "optimize": optimize(template, version, commands, os),
        "generalize": _generalize(commands, os),
    }
    return plan.model_copy(
        update={
            **parts,
            "machine": machine,
            "validation": tested,
            "scripts": commands.scripts | testing.scripts,
            "origin": origin,
            "targets": _targets(plan.staging, template, plan.run, origin, facts),
        }
    )


def _distribution(
    plan: WholePlan, template: ImageTemplate, tags: dict[str, str], facts: Facts, from_image: RetryFromImage
) -> WholePlan:
    """Return the plan of a retry that only distributes what an earlier run made."""
    run_id = plan.run.run_id
    origin = version_origin(from_image, plan.staging.group, run_id, tags)
    targets = _targets(plan.staging, template, plan.run, origin, facts, from_image)
    return plan.model_copy(update={"origin": origin, "targets": targets, "done": from_image.done})


def _targets(
    staging: StagingSpec,
    template: ImageTemplate,
    run: RunRef,
    origin: OriginSpec,
    facts: Facts,
    from_image: RetryFromImage | None = None,
) -> tuple[Target, ...]:
    targets = Targets(run, staging.group, origin, facts)
    done = {output.name.lower(): output for output in from_image.done} if from_image else {}
    return tuple(
        targets.target(index, item, done.get(item.run_output_name.lower()))
        for index, item in enumerate(template.properties.distribute)
        if from_image is None or item.run_output_name.lower() in from_image.due
    )


def _generalize(commands: Commands, os: OperatingSystem) -> StepSpec:
    windows = os == "Windows"
    return commands.script(
        "generalize",
        index=0,
        name="generalize",
        kind="Generalize",
        path="properties.customize",
        script=generalize_scripts.windows_generalize() if windows else generalize_scripts.linux_generalize(),
        timeout_minutes=GENERALIZE_TIMEOUT[os],
    )


def _not_used(template: ImageTemplate) -> tuple[str, ...]:
    """Return the properties of the template that this build does not use, each in a sentence for the log."""
    vnet, workload = template.properties.vm_profile.vnet_config, template.properties.optimize.workload
    notes = []
    if vnet.container_instance_subnet_id:
        notes.append("vnetConfig.containerInstanceSubnetId is not used: Kiln needs no container instance to build.")
    if vnet.proxy_vm_size:
        notes.append("vnetConfig.proxyVmSize is not used: Kiln reaches the build machine without a proxy.")
    if workload.state == "Enabled" and not workload.script_uri:
        notes.append("optimize.workload is enabled but has no scriptUri: there is nothing to run.")
    notes += [
        f"managedResourceTags.{name} is not used: Kiln sets this tag itself." for name in overridden_tags(template)
    ]
    return tuple(notes)
