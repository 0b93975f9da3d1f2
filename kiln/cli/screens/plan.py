"""A plan as a tree in the order of the build: where, from what, which steps, into which targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from kiln.cli.screens.plan_steps import PlanSteps
from kiln.cli.screens.plan_targets import add_target
from kiln.cli.screens.plan_texts import count, head, told

if TYPE_CHECKING:
    from kiln.planner.facts import ImageReference
    from kiln.planner.plan import MachineSpec, Plan, ValidationSpec, WholePlan


def plan_tree(plan: WholePlan, *, scripts: bool) -> Tree:
    """Return the plan; with `scripts`, each step's whole script below it."""
    tree = Tree(head(plan.run.template.name, f"at most {plan.timeout_minutes} min"), guide_style="dim")
    steps = PlanSteps(plan, scripts=scripts)
    _stage(tree, plan)
    if plan.machine:
        _machine(tree.add(head("provision", plan.machine.name)), plan.machine)
        _customize(tree, plan, steps)
    if plan.validation:
        _validate(tree, plan.validation, plan, steps)
    if plan.targets:
        targets = tree.add(head("distribute", count(len(plan.targets), "target")))
        for target in plan.targets:
            add_target(targets, target)
    for note in plan.not_used:
        tree.add(Text(note, style="yellow"))
    return tree


def _stage(tree: Tree, plan: Plan) -> None:
    staging = plan.staging
    group, network = staging.group, staging.network
    whose = " (the template's own)" if group.given else ""
    stage = tree.add(head("stage", f"resource group {group.name}{whose} in {group.location}"))
    if network.network:
        stage.add(Text(f"network {network.network}/{network.subnet} ({network.address_prefix}), nothing comes in"))
    else:
        stage.add(Text(f"the template's own subnet {network.subnet_id}; nothing comes in"))
    stage.add(Text(f"storage {staging.storage.account}, log packerlogs/{staging.storage.log_blob}"))
    for artifact in staging.artifacts:
        stage.add(Text(f"artifact {told(artifact.url)} for {artifact.property_path}"))


def _machine(node: Tree, machine: MachineSpec) -> None:
    node.add(Text(f"from {_image(machine.source)}"))
    disk = "the source's size" if machine.disk_size_gb is None else f"{machine.disk_size_gb} GB"
    node.add(Text(f"size {machine.size}, disk of {disk}"))
    for extra in machine.data_disks:
        size = "the image's size" if extra.from_image else f"{extra.size_gb} GB"
        node.add(Text(f"data disk {extra.lun} of {size}"))
    for identity in machine.identities:
        node.add(Text(f"with the identity {identity}"))


def _image(image: ImageReference) -> str:
    return image.id or f"{image.publisher}:{image.offer}:{image.sku}:{image.version}"


def _customize(tree: Tree, plan: Plan, steps: PlanSteps) -> None:
    customize = tree.add(head("customize", count(len(plan.steps), "step")))
    for step in plan.steps:
        steps.add(customize, step)
    if plan.keep_on_customizer_error:
        customize.add(Text("after an error the machine stays, for a look at it"))
    if plan.optimize:
        optimize = tree.add(head("optimize", count(len(plan.optimize), "step")))
        for step in plan.optimize:
            steps.add(optimize, step)
    if plan.generalize:
        steps.add_generalize(tree, plan.generalize)


def _validate(tree: Tree, validation: ValidationSpec, plan: Plan, steps: PlanSteps) -> None:
    what = "the image" if validation.image else "the source alone (nothing is built)"
    node = tree.add(head("validate", f"{what}, {count(len(validation.steps), 'step')}"))
    machine = node.add(head(validation.machine.name, f"log packerlogs/{validation.log_blob}"))
    _machine(machine, validation.machine)
    for step in validation.steps:
        steps.add(node, step)
    if validation.continue_on_failure:
        node.add(Text("an image that fails is distributed all the same; its run is Failed"))
    if plan.keep_on_validation_error:
        node.add(Text("after an error the machine stays, for a look at it"))
