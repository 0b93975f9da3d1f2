from __future__ import annotations

import pytest

from kiln.errors import TemplateRefused
from kiln.planner import names
from kiln.planner.steps import StepSpec
from tests.unit.kiln.planner import samples


def test_equal_arguments_give_an_equal_plan() -> None:
    assert samples.plan(customize=[samples.SHELL]) == samples.plan(customize=[samples.SHELL])


def test_what_lives_as_long_as_the_run_carries_its_id() -> None:
    machine = samples.machine_of(samples.plan())

    assert samples.RUN.run_id in machine.name
    assert samples.RUN.run_id in machine.interface
    assert samples.RUN.run_id in machine.disk
    assert machine.tags["kilnRun"] == samples.RUN.run_id


def test_names_fit_azures_limits() -> None:
    plan = samples.plan(validate={"inVMValidations": [samples.SHELL]})

    assert plan.validation is not None
    assert plan.validation.image is not None
    assert len(plan.validation.machine.name) <= 64
    assert plan.validation.image.gallery.replace("_", "").isalnum()
    assert len(plan.staging.storage.account) == 24
    assert plan.staging.storage.account.isalnum()
    assert plan.staging.storage.account.islower()


def test_no_two_runs_share_a_key_and_nobody_has_its_private_half() -> None:
    first, second = names.unusable_ssh_key("run-1"), names.unusable_ssh_key("run-2")

    assert first.startswith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")
    assert first != second
    assert first == names.unusable_ssh_key("run-1")


@pytest.mark.parametrize(("given", "minutes"), [(0, 240), (6, 6), (960, 960)])
def test_the_build_has_the_templates_time_and_four_hours_by_default(given: int, minutes: int) -> None:
    plan = samples.plan(buildTimeoutInMinutes=given, customize=[samples.SHELL])

    assert plan.timeout_minutes == minutes
    assert isinstance(plan.steps[0], StepSpec)
    assert plan.steps[0].timeout_minutes == minutes


def test_no_script_outlives_the_build() -> None:
    plan = samples.plan(buildTimeoutInMinutes=6)

    assert plan.generalize is not None
    assert plan.generalize.timeout_minutes == 6


def test_windows_has_an_hour_for_its_sysprep() -> None:
    plan = samples.plan(samples.WINDOWS)

    assert plan.generalize is not None
    assert plan.generalize.timeout_minutes == 60
    assert "Sysprep.exe" in plan.scripts[plan.generalize.key]


def test_a_build_starts_from_what_the_facts_name_and_ends_at_its_own_disk() -> None:
    plan = samples.plan()

    assert samples.machine_of(plan).source == samples.LINUX.reference
    assert plan.origin is not None
    assert plan.origin.machine is not None
    assert plan.origin.machine.endswith(f"/virtualMachines/kiln-{samples.RUN.run_id}")
    assert plan.origin.disk.endswith(f"/disks/kiln-{samples.RUN.run_id}-os")


@pytest.mark.parametrize("on", ["cleanup", "abort"])
def test_error_handling_tells_which_machine_stays(on: str) -> None:
    plan = samples.plan(errorHandling={"onCustomizerError": on, "onValidationError": "cleanup"})

    assert plan.keep_on_customizer_error is (on == "abort")
    assert plan.keep_on_validation_error is False


def test_what_image_builder_needs_and_kiln_does_not_is_named() -> None:
    subnets = f"{samples.GROUP_ID}/providers/Microsoft.Network/virtualNetworks/net/subnets"
    containers = {"subnetId": f"{subnets}/builds", "containerInstanceSubnetId": f"{subnets}/aci"}
    proxy = {"subnetId": f"{subnets}/builds", "proxyVmSize": "Standard_A1_v2"}

    (first,) = samples.plan(vmProfile={"vnetConfig": containers}).not_used
    (second,) = samples.plan(vmProfile={"vnetConfig": proxy}).not_used
    (third,) = samples.plan(managedResourceTags={"createdby": "me"}).not_used

    assert "containerInstanceSubnetId is not used" in first
    assert "proxyVmSize is not used" in second
    assert "managedResourceTags.createdby is not used" in third


def test_a_template_that_does_not_fit_has_no_plan() -> None:
    with pytest.raises(TemplateRefused):
        samples.plan(samples.WINDOWS, customize=[samples.SHELL])


def test_no_plan_holds_a_signed_url() -> None:
    fetched = {"type": "Shell", "scriptUri": "https://example.com/script.sh"}
    text = samples.plan(customize=[fetched]).model_dump_json()

    assert "sig=" not in text
    assert "$KILN_ARTIFACT_URL" in text
