"""Template + facts + run id -> Plan: the one pure function that decides what a build will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.ids import region_name
from kiln.planner import names, scripts
from kiln.planner.plan import (
    ArtifactSpec,
    GalleryTarget,
    GroupSpec,
    MachineSpec,
    NetworkSpec,
    Plan,
    RegionSpec,
    SourceImage,
    StepSpec,
    StorageSpec,
    Target,
    VhdTarget,
)
from kiln.planner.versions import next_version
from kiln.template.models import (
    GALLERY_IMAGE_ID,
    Customizer,
    Distributor,
    FileCustomizer,
    ImageTemplate,
    PlatformImageSource,
    SharedImageDistributor,
    ShellCustomizer,
    VhdDistributor,
)

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.planner.facts import Facts

DEFAULT_TIMEOUT = 240
"""Minutes; AIB's meaning of 0 (Microsoft's image-builder-json, buildTimeoutInMinutes)."""

DEFAULT_SIZE = "Standard_D2ds_v4"
"""AIB's default for generation 2; it runs generation 1 images as well."""

GENERALIZE_TIMEOUT = 15
"""Minutes from scheduling the deprovisioning to the machine being off."""


def make_plan(template: ImageTemplate, *, run: RunRef, staging_group: str, facts: Facts) -> Plan:
    """Return the plan of one run. Equal arguments give an equal plan."""
    properties = template.properties
    place = {
        "subscription": run.template.subscription,
        "group": staging_group,
        "location": template.location,
    }
    group_tags = {
        "createdBy": "Kiln",
        "imageTemplateName": run.template.name,
        "imageTemplateResourceGroupName": run.template.group,
    }
    run_tags = {**group_tags, "kilnRun": run.run_id}
    timeout = properties.build_timeout_in_minutes or DEFAULT_TIMEOUT
    steps = tuple(_step(run.run_id, at, item, timeout) for at, item in enumerate(properties.customize))
    generalize = StepSpec(
        index=len(steps),
        name="generalize",
        kind="Generalize",
        property_path="properties.customize",
        command="generalize",
        script=scripts.generalize_script(),
        output_blob=names.output_blob(run.run_id, len(steps), "generalize"),
        timeout_minutes=GENERALIZE_TIMEOUT,
    )
    network = NetworkSpec(
        **place,
        tags=group_tags,
        security_group=names.SECURITY_GROUP,
        network=names.NETWORK,
        subnet=names.SUBNET,
    )
    return Plan(
        run=run,
        group=GroupSpec(
            subscription=run.template.subscription,
            name=staging_group,
            location=template.location,
            tags=group_tags,
        ),
        network=network,
        storage=StorageSpec(
            **place,
            tags=group_tags,
            account=names.storage_account(run.template.subscription, staging_group),
            log_blob=names.log_blob(run.run_id),
        ),
        artifacts=tuple(
            artifact
            for at, item in enumerate(properties.customize)
            if (artifact := _artifact(run.run_id, at, item)) is not None
        ),
        machine=_machine(template, run, place, run_tags, facts, network, timeout),
        steps=steps,
        generalize=generalize,
        targets=tuple(_target(run.run_id, item, facts, run_tags) for item in properties.distribute),
        timeout_minutes=timeout,
    )


def _machine(
    template: ImageTemplate,
    run: RunRef,
    place: dict[str, str],
    tags: dict[str, str],
    facts: Facts,
    network: NetworkSpec,
    timeout: int,
) -> MachineSpec:
    profile = template.properties.vm_profile
    name = names.machine(run.run_id)
    return MachineSpec(
        **place,
        tags=tags,
        name=name,
        interface=f"{name}-nic",
        disk=f"{name}-os",
        size=profile.vm_size or DEFAULT_SIZE,
        disk_size_gb=profile.os_disk_size_gb or None,
        source=_source(template.properties.source, facts),
        security_group=network.security_group,
        network=network.network,
        subnet=network.subnet,
        ssh_public_key=names.unusable_ssh_key(run.run_id),
        timeout_minutes=timeout,
    )


def _source(source: PlatformImageSource, facts: Facts) -> SourceImage:
    paid = source.plan_info
    return SourceImage(
        publisher=source.publisher,
        offer=source.offer,
        sku=source.sku,
        version=facts.source_version,
        plan_name=paid.plan_name if paid else None,
        plan_product=paid.plan_product if paid else None,
        plan_publisher=paid.plan_publisher if paid else None,
    )


def _step(run_id: str, index: int, customizer: Customizer, timeout: int) -> StepSpec:
    artifact = _artifact(run_id, index, customizer)
    match customizer:
        case ShellCustomizer(inline=tuple() as lines) if lines:
            script = scripts.inline_script(lines)
        case ShellCustomizer():
            script = scripts.fetched_script()
        case FileCustomizer():
            script = scripts.file_script(customizer.destination)
        case _:
            assert_never(customizer)
    name = customizer.name or f"{customizer.type} {index + 1}"
    return StepSpec(
        index=index,
        name=name,
        kind=customizer.type,
        property_path=f"properties.customize[{index}]",
        command=names.command(index),
        script=script,
        artifact=artifact.blob if artifact else None,
        output_blob=names.output_blob(run_id, index, name),
        timeout_minutes=timeout,
    )


def _artifact(run_id: str, index: int, customizer: Customizer) -> ArtifactSpec | None:
    match customizer:
        case ShellCustomizer(script_uri=str() as url):
            member = "scriptUri"
        case FileCustomizer(source_uri=url):
            member = "sourceUri"
        case _:
            return None
    return ArtifactSpec(
        url=url,
        sha256=customizer.sha256_checksum,
        blob=names.artifact_blob(run_id, index),
        property_path=f"properties.customize[{index}].{member}",
    )


def _target(run_id: str, distributor: Distributor, facts: Facts, run_tags: dict[str, str]) -> Target:
    tags = {**distributor.artifact_tags, "kilnRun": run_tags["kilnRun"]}
    match distributor:
        case SharedImageDistributor():
            return _gallery_target(distributor, facts, tags)
        case VhdDistributor():
            blob = names.vhd_blob(run_id, distributor.run_output_name)
            return VhdTarget(run_output_name=distributor.run_output_name, blob=blob, tags=tags)
        case _:
            assert_never(distributor)


def _gallery_target(distributor: SharedImageDistributor, facts: Facts, tags: dict[str, str]) -> GalleryTarget:
    image_id, _, explicit = distributor.gallery_image_id.partition("/versions/")
    definition = facts.definitions[image_id]
    asked = {region_name(region.name): region for region in distributor.regions()}
    home = region_name(definition.location)
    regions = [
        RegionSpec(name=name, replicas=region.replica_count, storage_account_type=region.storage_account_type)
        for name, region in asked.items()
    ]
    if home not in asked:  # Azure demands the definition's own region among the targets
        regions.insert(0, RegionSpec(name=home, replicas=1, storage_account_type="Standard_LRS"))
    return GalleryTarget(
        run_output_name=distributor.run_output_name,
        image_id=image_id,
        version=explicit or next_version(definition.versions),
        location=home,
        regions=tuple(regions),
        exclude_from_latest=distributor.exclude_from_latest,
        tags=tags,
    )


def gallery_image_ids(template: ImageTemplate) -> tuple[str, ...]:
    """Return the ids of the image definitions that the template distributes to, without versions."""
    return tuple(
        item.gallery_image_id.partition("/versions/")[0]
        for item in template.properties.distribute
        if isinstance(item, SharedImageDistributor) and GALLERY_IMAGE_ID.match(item.gallery_image_id)
    )
