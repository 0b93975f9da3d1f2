"""Plans for flow tests, put together by hand, so that flows are tested without the planner."""

from __future__ import annotations

from datetime import UTC, datetime

from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.planner.facts import ImageReference
from kiln.planner.plan import MachineSpec, Plan, ValidationImageSpec, ValidationSpec
from kiln.planner.staging import ArtifactSpec, GroupSpec, NetworkSpec, StagingSpec, StorageSpec
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, RegionSpec, VhdTarget

TEMPLATE = TemplateId(subscription="s", group="g", name="hello")
MADE = datetime(2026, 11, 22, tzinfo=UTC)
RUN = RunRef(template=TEMPLATE, run_id="20261122-000000-00000001")
SUBMISSION = SubmissionRef(template=TEMPLATE, made=MADE, version=2)

_GROUP = "/subscriptions/s/resourceGroups/IT_g_hello"
IMAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/gallery/images/hello"
VERSION = f"{IMAGE}/versions/1.0.0"
MANAGED_IMAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/hello"
_PLACE = {"subscription": "s", "group": "IT_g_hello", "location": "westeurope", "tags": {}}


def step(name: str, index: int = 0, path: str = "properties.customize") -> StepSpec:
    return StepSpec(
        action="script",
        index=index,
        key=name,
        name=name,
        kind="Shell",
        property_path=f"{path}[{index}]",
        command=name,
        output_blob=f"{name}.txt",
        timeout_minutes=60,
    )


def restart(name: str, index: int = 0, *, trigger: bool = False) -> RestartSpec:
    return RestartSpec(
        action="restart",
        index=index,
        name=name,
        kind="WindowsRestart",
        property_path=f"properties.customize[{index}]",
        mark=step(f"{name}-mark"),
        trigger=step(f"{name}-trigger") if trigger else None,
        check=step(f"{name}-check"),
        timeout_seconds=300,
    )


def update(name: str, index: int = 0, rounds: int = 4) -> UpdateSpec:
    install = step(name).model_copy(update={"valid_exit_codes": (0, 101, 102)})
    return UpdateSpec(
        action="update",
        index=index,
        name=name,
        kind="WindowsUpdate",
        property_path=f"properties.customize[{index}]",
        install=install,
        restart=restart(f"{name}-restart"),
        rounds=rounds,
    )


def machine(purpose: str = "build") -> MachineSpec:
    return MachineSpec.model_validate(
        {
            **_PLACE,
            "purpose": purpose,
            "name": f"{purpose}-vm",
            "interface": f"{purpose}-nic",
            "disk": f"{purpose}-disk",
            "size": "Standard_D2ds_v4",
            "disk_size_gb": None,
            "source": ImageReference(id="/source"),
            "os": "Linux",
            "subnet_id": "/subnet",
            "ssh_public_key": "ssh-rsa AAAA",
        }
    )


def staging(*, artifacts: int = 0, own_subnet: bool = False) -> StagingSpec:
    network = NetworkSpec(
        **_PLACE, security_group="nsg", network=None if own_subnet else "vnet", subnet="build", subnet_id="/subnet"
    )
    return StagingSpec(
        group=GroupSpec(subscription="s", name="IT_g_hello", location="westeurope", tags={}),
        network=network,
        storage=StorageSpec(**_PLACE, account="acc", log_blob="customization.log"),
        artifacts=tuple(
            ArtifactSpec(
                url=f"https://a/{at}", blob=f"v2/customize-{at:02}", property_path=f"properties.customize[{at}]"
            )
            for at in range(artifacts)
        ),
    )


MARK = {"kilnMark": "0123456789abcdef-run"}


def gallery(*regions: str, name: str = "gallery", version: str = "1.0.0") -> GalleryTarget:
    return GalleryTarget(
        kind="SharedImage",
        run_output_name=name,
        image_id=IMAGE,
        version=version,
        location="westeurope",
        regions=tuple(RegionSpec(name=at, replicas=1, storage_account_type="Standard_LRS") for at in regions),
        exclude_from_latest=False,
        tags=MARK,
        mark=MARK["kilnMark"],
    )


def managed_image(*, elsewhere: bool = False, name: str = "image") -> ManagedImageTarget:
    return ManagedImageTarget(
        kind="ManagedImage",
        run_output_name=name,
        image_id=MANAGED_IMAGE,
        spare_id=f"{MANAGED_IMAGE}-spare",
        location="northeurope" if elsewhere else "westeurope",
        os="Linux",
        generation="V2",
        snapshot=f"{_GROUP}/snapshot" if elsewhere else None,
        copy_id=f"{_GROUP}/copy" if elsewhere else None,
        tags=MARK,
    )


def vhd(name: str = "vhd", url: str | None = None) -> VhdTarget:
    return VhdTarget(
        kind="VHD", run_output_name=name, blob=f"run/{name}.vhd", url=url, spare_url=url and f"{url}-spare", tags=MARK
    )


def validation(*, of_source: bool = False, continue_on_failure: bool = False) -> ValidationSpec:
    image = ValidationImageSpec(
        **_PLACE,
        gallery="validation",
        definition="image",
        version="1.0.0",
        os="Linux",
        generation="V2",
        architecture="x64",
        security="Standard",
    )
    return ValidationSpec(
        machine=machine("validation"),
        image=None if of_source else image,
        steps=(step("look", path="properties.validate.inVMValidations"),),
        log_blob="validation.log",
        continue_on_failure=continue_on_failure,
    )


def plan(**changes: object) -> Plan:
    """Return a plan with two customizers and two targets, changed as asked."""
    built = Plan(
        run=RUN,
        staging=staging(),
        machine=machine(),
        steps=(step("first"), step("second", 1)),
        optimize=(),
        generalize=step("generalize", 2).model_copy(update={"timeout_minutes": 15}),
        validation=None,
        origin=OriginSpec(machine=f"{_GROUP}/vm", disk=f"{_GROUP}/disk", location="westeurope", tags={}),
        targets=(gallery("westeurope", "northeurope"), vhd()),
        timeout_minutes=240,
    )
    return built.model_copy(update=changes)


def retry(**changes: object) -> Plan:
    """Return the plan of a retry that goes on from an earlier run's gallery version."""
    origin = OriginSpec(version=VERSION, disk=f"{_GROUP}/origin-disk", location="westeurope", tags={})
    nothing_built = {"machine": None, "steps": (), "generalize": None, "origin": origin}
    return plan(**{**nothing_built, **changes})


def source_validation(**changes: object) -> Plan:
    """Return the plan of a run that tests the template's source alone."""
    nothing_built = {"machine": None, "steps": (), "generalize": None, "origin": None, "targets": ()}
    return plan(**{**nothing_built, "validation": validation(of_source=True), **changes})
