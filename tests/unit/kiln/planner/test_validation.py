from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.plan import ValidationSpec

FILE = {"type": "File", "sourceUri": "https://example.com/a", "destination": "/tmp/a"}


def validation(**validate: Any) -> ValidationSpec:
    found = samples.plan(validate=validate).validation
    assert found is not None
    return found


def test_a_template_without_validators_is_not_validated() -> None:
    assert samples.plan().validation is None
    assert samples.plan(validate={"continueDistributeOnFailure": True}).validation is None


def test_validators_run_in_a_machine_made_from_the_image_in_the_sources_own_kind() -> None:
    source = samples.LINUX.model_copy(update={"generation": "V1", "security": "TrustedLaunchSupported"})
    found = samples.plan(source, validate={"inVMValidations": [samples.SHELL]}).validation

    assert found is not None
    assert found.image is not None
    assert (found.image.generation, found.image.security) == ("V1", "TrustedLaunchSupported")
    assert found.machine.purpose == "validation"
    assert found.machine.source.id is not None
    assert found.machine.source.id.endswith(
        f"/galleries/{found.image.gallery}/images/{found.image.definition}/versions/{found.image.version}"
    )


def test_validators_have_a_log_and_places_of_their_own() -> None:
    found = validation(inVMValidations=[FILE, samples.SHELL])

    assert found.log_blob == f"{samples.RUN.run_id}/validation.log"
    assert [step.key for step in found.steps] == ["validate-00", "validate-01"]
    assert found.steps[1].property_path == "properties.validate.inVMValidations[1]"
    assert found.steps[0].artifact == "v3/validate-00"


def test_a_failed_validation_ends_the_build_unless_the_template_says_otherwise() -> None:
    assert not validation(inVMValidations=[samples.SHELL]).continue_on_failure
    assert validation(inVMValidations=[samples.SHELL], continueDistributeOnFailure=True).continue_on_failure


def test_validating_the_source_alone_builds_nothing() -> None:
    plan = samples.plan(
        customize=[samples.SHELL], validate={"sourceValidationOnly": True, "inVMValidations": [samples.SHELL]}
    )

    assert plan.validation is not None
    assert plan.validation.image is None
    assert plan.validation.machine.source == samples.LINUX.reference
    assert (plan.machine, plan.generalize, plan.origin) == (None, None, None)
    assert (plan.steps, plan.optimize, plan.targets) == ((), (), ())


def test_validating_a_source_without_validators_still_boots_it() -> None:
    found = validation(sourceValidationOnly=True)

    assert found.steps == ()
    assert found.machine.source == samples.LINUX.reference


def test_the_source_of_a_validated_source_keeps_its_own_data_disks_alone() -> None:
    source = samples.LINUX.model_copy(update={"data_disk_luns": (4,)})
    plan = samples.plan(source, additionalDataDisks=[{"sizeGB": 8}], validate={"sourceValidationOnly": True})

    assert plan.validation is not None
    assert [disk.lun for disk in plan.validation.machine.data_disks] == [4]
