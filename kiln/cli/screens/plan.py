"""A plan as a tree in the order of the build: where, from what, which steps, into which targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from rich.text import Text
from rich.tree import Tree

from kiln.planner.plan import GalleryTarget, VhdTarget

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec, Plan, StepSpec, Target


def plan_tree(plan: Plan, *, scripts: bool) -> Tree:
    """Return the plan; with `scripts`, each step's whole script below it."""
    tree = Tree(_head(plan.run.template.name, f"at most {plan.timeout_minutes} min"), guide_style="dim")
    _stage(tree, plan)
    _machine(tree, plan.machine)
    steps = tree.add(_head("customize", f"{len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}"))
    for step in plan.steps:
        _step(steps, step, plan, scripts=scripts)
    _step(tree, plan.generalize, plan, scripts=scripts)
    targets = tree.add(_head("distribute", f"{len(plan.targets)} target{'' if len(plan.targets) == 1 else 's'}"))
    for target in plan.targets:
        _target(targets, target)
    return tree


def _head(name: str, rest: str = "") -> Text:
    text = Text(name, style="bold")
    return text.append(f"  {rest}", style="default not bold") if rest else text


def _stage(tree: Tree, plan: Plan) -> None:
    stage = tree.add(_head("stage", f"resource group {plan.group.name} in {plan.group.location}"))
    network = plan.network
    stage.add(Text(f"network {network.network}/{network.subnet} ({network.address_prefix}), nothing comes in"))
    stage.add(Text(f"storage {plan.storage.account}, log packerlogs/{plan.storage.log_blob}"))
    for artifact in plan.artifacts:
        stage.add(Text(f"artifact {_short(artifact.url)} for {artifact.property_path}"))


def _machine(tree: Tree, machine: MachineSpec) -> None:
    source = machine.source
    node = tree.add(_head("provision", machine.name))
    node.add(Text(f"from {source.publisher}:{source.offer}:{source.sku}:{source.version}"))
    disk = "the source's size" if machine.disk_size_gb is None else f"{machine.disk_size_gb} GB"
    node.add(Text(f"size {machine.size}, disk of {disk}"))


def _step(parent: Tree, step: StepSpec, plan: Plan, *, scripts: bool) -> None:
    lines = step.script.rstrip("\n").split("\n")
    title = _head(step.name, f"{step.kind}, {len(lines)} lines, at most {step.timeout_minutes} min")
    if step.kind == "Generalize":
        title = _head("generalize", f"{len(lines)} lines, at most {step.timeout_minutes} min")
    node = parent.add(title)
    for artifact in plan.artifacts:
        if artifact.blob == step.artifact:
            node.add(Text(f"takes {_short(artifact.url)}"))
    if scripts:
        node.add(Text("\n".join(lines), style="dim"))


def _target(parent: Tree, target: Target) -> None:
    match target:
        case GalleryTarget():
            node = parent.add(_head(target.run_output_name, "gallery image version"))
            node.add(Text(target.version_id))
            regions = ", ".join(
                f"{item.name} ({item.replicas} x {item.storage_account_type})" for item in target.regions
            )
            node.add(Text(f"first in {target.location}; regions {regions}"))
        case VhdTarget():
            parent.add(_head(target.run_output_name, "VHD")).add(Text(f"blob vhds/{target.blob}"))
        case _:
            assert_never(target)


def _short(url: str, longest: int = 60) -> str:
    """Return a URL in one piece, or its beginning where it carries its content."""
    return url if len(url) <= longest else f"{url[: longest - 4]} ..."
