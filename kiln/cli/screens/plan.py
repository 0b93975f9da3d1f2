"""A plan as a tree in the order of the build: staging, machine, steps, validation, targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from rich.text import Text
from rich.tree import Tree

from kiln.ids import name_of
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget

if TYPE_CHECKING:
    from kiln.planner.facts import ImageReference
    from kiln.planner.plan import MachineSpec, Plan, ValidationSpec, WholePlan
    from kiln.planner.steps import Step
    from kiln.planner.targets import Target


def plan_tree(plan: WholePlan, *, scripts: bool) -> Tree:
    """Return the plan's tree; with `scripts`, each step's whole script is below it."""
    tree = Tree(_head(plan.run.template.name, f"at most {plan.timeout_minutes} min"), guide_style="dim")
    steps = _Steps(plan, scripts=scripts)
    _stage(tree, plan)
    if plan.machine:
        _machine(tree.add(_head("provision", plan.machine.name)), plan.machine)
        _customize(tree, plan, steps)
    if plan.validation:
        _validate(tree, plan.validation, plan, steps)
    if plan.targets:
        targets = tree.add(_head("distribute", _count(len(plan.targets), "target")))
        for target in plan.targets:
            _target(targets, target)
    for note in plan.not_used:
        tree.add(Text(note, style="yellow"))
    return tree


def _stage(tree: Tree, plan: Plan) -> None:
    staging = plan.staging
    group, network = staging.group, staging.network
    whose = " (the template's own)" if group.given else ""
    stage = tree.add(_head("stage", f"resource group {group.name}{whose} in {group.location}"))
    if network.network:
        stage.add(Text(f"network {network.network}/{network.subnet} ({network.address_prefix}), no inbound traffic"))
    else:
        stage.add(Text(f"the template's own subnet {network.subnet_id}; no inbound traffic"))
    stage.add(Text(f"storage {staging.storage.account}, log packerlogs/{staging.storage.log_blob}"))
    for artifact in staging.artifacts:
        stage.add(Text(f"artifact {_shown(artifact.url)} for {artifact.property_path}"))


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


def _customize(tree: Tree, plan: Plan, steps: _Steps) -> None:
    customize = tree.add(_head("customize", _count(len(plan.steps), "step")))
    for step in plan.steps:
        steps.add(customize, step)
    if plan.keep_on_customizer_error:
        customize.add(Text("after an error the machine is kept for inspection"))
    if plan.optimize:
        optimize = tree.add(_head("optimize", _count(len(plan.optimize), "step")))
        for step in plan.optimize:
            steps.add(optimize, step)
    if plan.generalize:
        steps.add_generalize(tree, plan.generalize)


def _validate(tree: Tree, validation: ValidationSpec, plan: Plan, steps: _Steps) -> None:
    what = "the image" if validation.image else "the source alone (nothing is built)"
    node = tree.add(_head("validate", f"{what}, {_count(len(validation.steps), 'step')}"))
    machine = node.add(_head(validation.machine.name, f"log packerlogs/{validation.log_blob}"))
    _machine(machine, validation.machine)
    for step in validation.steps:
        steps.add(node, step)
    if validation.continue_on_failure:
        node.add(Text("an image that fails is distributed all the same, and its run is Failed"))
    if plan.keep_on_validation_error:
        node.add(Text("after an error the machine is kept for inspection"))


class _Steps:
    """Adds steps to a tree; with `scripts`, each step's whole scripts below it."""

    def __init__(self, plan: WholePlan, *, scripts: bool) -> None:
        self._plan = plan
        self._urls = {artifact.blob: artifact.url for artifact in plan.staging.artifacts}
        self._scripts = scripts

    def add(self, parent: Tree, step: Step) -> None:
        """Add one step."""
        match step:
            case StepSpec():
                self._script(parent, step)
            case RestartSpec():
                self._restart(parent, step)
            case UpdateSpec():
                node = parent.add(_head(step.name, f"{step.kind}, at most {step.rounds} rounds with restarts"))
                self._text(node, step.install)
            case _:
                assert_never(step)

    def add_generalize(self, parent: Tree, step: StepSpec) -> None:
        """Add the script that generalizes the build machine."""
        lines = _count(self._lines(step), "line")
        self._text(parent.add(_head("generalize", f"{lines}, at most {step.timeout_minutes} min")), step)

    def _script(self, parent: Tree, step: StepSpec) -> None:
        codes = step.valid_exit_codes
        good = f", good exit codes {', '.join(str(code) for code in codes)}" if codes != (0,) else ""
        rest = f"{step.kind}, {_count(self._lines(step), 'line')}, at most {step.timeout_minutes} min{good}"
        node = parent.add(_head(step.name, rest))
        if step.artifact:
            node.add(Text(f"takes {_shown(self._urls[step.artifact])}"))
        self._text(node, step)

    def _restart(self, parent: Tree, step: RestartSpec) -> None:
        how = "with the template's own command" if step.trigger else "by Azure"
        node = parent.add(_head(step.name, f"{step.kind} {how}, up again within {step.timeout_seconds} s"))
        for part in (step.mark, step.trigger, step.check):
            if part:
                self._text(node, part)

    def _text(self, node: Tree, step: StepSpec) -> None:
        if self._scripts:
            node.add(Text(self._plan.script(step).rstrip("\n"), style="dim"))

    def _lines(self, step: StepSpec) -> int:
        return self._plan.script(step).rstrip("\n").count("\n") + 1


def _target(parent: Tree, target: Target) -> None:
    """Add one target to the tree."""
    match target:
        case GalleryTarget():
            _gallery(parent.add(_head(target.run_output_name, "gallery image version")), target)
        case ManagedImageTarget():
            node = parent.add(_head(target.run_output_name, "managed image"))
            node.add(Text(f"{target.image_id} in {target.location}"))
            if target.copy_id:
                node.add(Text(f"from {name_of(target.copy_id)}, a copy of a snapshot"))
        case VhdTarget():
            place = target.url or f"vhds/{target.blob}"
            parent.add(_head(target.run_output_name, "VHD")).add(Text(f"blob {place}"))
        case _:
            assert_never(target)


def _version(target: GalleryTarget) -> str:
    if not target.is_next:
        return target.version_id
    major = "any" if target.major is None else target.major
    return f"{target.image_id}, version {target.version} (scheme Latest, major {major})"


def _gallery(node: Tree, target: GalleryTarget) -> None:
    node.add(Text(_version(target)))
    regions = ", ".join(f"{item.name} ({item.replicas} x {item.storage_account_type})" for item in target.regions)
    if target.replication_mode == "Shallow":
        node.add(Text(f"only in {regions}, shallow: its disk is not copied"))
    else:
        node.add(Text(f"first in {target.location}; regions {regions}"))
    if target.exclude_from_latest:
        node.add(Text("not counted as the latest version"))


def _head(name: str, rest: str = "") -> Text:
    """Return a node's title: its name, and the `rest` of the line."""
    text = Text(name, style="bold")
    return text.append(f"  {rest}", style="default not bold") if rest else text


def _count(number: int, noun: str) -> str:
    """Return `number` of `noun`: `1 step`, `2 steps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shown(url: str) -> str:
    """Return a plan's URL, or words for the URL of a file that is in the template itself."""
    return "(in the template itself)" if url == "data:" else url
