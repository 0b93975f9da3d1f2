from __future__ import annotations

from typing import Any, get_args

import pytest

from kiln.errors import PROVISIONING_CODES, ErrorDetail, TemplateRefused, provisioning_code
from kiln.planner.facts import SecurityType, SourceFacts
from kiln.planner.fit import check_fit, misfits
from kiln.planner.fit.targets import takes_security
from tests.unit.kiln.planner import samples

POWERSHELL = {"type": "PowerShell", "inline": ["exit 0"]}
ARM = samples.LINUX.model_copy(update={"architecture": "Arm64"})
MANAGED_TARGET = {
    "type": "ManagedImage",
    "runOutputName": "managed",
    "imageId": f"{samples.MANAGED}/hello",
    "location": "westeurope",
}


def found(of: SourceFacts, definition: dict[str, Any], **properties: Any) -> tuple[ErrorDetail, ...]:
    """Return the problems; each begins with its place, so that whoever shows both shows it once."""
    template = samples.template(**properties)
    problems = misfits(template, samples.facts_of(template, of, **definition))
    assert all(problem.message.startswith(f"{problem.target}: ") for problem in problems)
    return problems


def one(of: SourceFacts = samples.LINUX, *, definition: dict[str, Any] | None = None, **properties: Any) -> ErrorDetail:
    (problem,) = found(of, definition or {}, **properties)
    return problem


def like(source: SourceFacts = samples.LINUX, **facts: Any) -> SourceFacts:
    return source.model_copy(update=facts)


def test_what_fits_is_let_through() -> None:
    assert found(samples.LINUX, {}, customize=[samples.SHELL], validate={"inVMValidations": [samples.SHELL]}) == ()
    assert found(samples.WINDOWS, {}, customize=[POWERSHELL, {"type": "WindowsRestart"}, {"type": "Restart"}]) == ()


@pytest.mark.parametrize(
    ("source", "customizer", "needs"),
    [
        (samples.WINDOWS, samples.SHELL, "Linux"),
        (samples.LINUX, POWERSHELL, "Windows"),
        (samples.LINUX, {"type": "WindowsRestart"}, "Windows"),
        (samples.LINUX, {"type": "WindowsUpdate"}, "Windows"),
    ],
)
def test_a_customizer_is_for_its_operating_system(source: SourceFacts, customizer: dict[str, Any], needs: str) -> None:
    problem = one(source, customize=[customizer])

    assert problem.code == "UnsupportedCustomizerType"
    assert problem.target == "properties.customize[0].type"
    assert f"{customizer['type']} is for {needs}" in problem.message
    assert "CustomizerNotSupportedForImage" in problem.message


def test_a_validator_is_for_its_operating_system() -> None:
    problem = one(samples.WINDOWS, validate={"inVMValidations": [samples.SHELL]})

    assert problem.code == "UnsupportedValidatorType"
    assert problem.target == "properties.validate.inVMValidations[0].type"


def test_a_path_of_windows_is_not_written_on_linux() -> None:
    file = {"type": "File", "sourceUri": "https://example.com/a", "destination": "C:\\a.txt"}

    assert one(customize=[file]).target == "properties.customize[0].destination"
    assert found(samples.WINDOWS, {}, customize=[file]) == ()


@pytest.mark.parametrize("security", ["TrustedLaunch", "ConfidentialVM"])
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (samples.PLATFORM, "BadPIRSource"),
        ({"type": "ManagedImage", "imageId": f"{samples.MANAGED}/base"}, "BadManagedImageSource"),
        (
            {"type": "SharedImageVersion", "imageVersionId": f"{samples.IMAGE}/versions/1.0.0"},
            "BadSharedImageVersionSource",
        ),
    ],
)
def test_no_image_is_built_from_a_source_that_machines_must_secure(
    security: str, source: dict[str, Any], code: str
) -> None:
    problem = one(like(security=security), source=source, distribute=[samples.VHD])

    assert problem.code == code
    assert problem.target == "properties.source"
    assert f"security type is {security}" in problem.message


@pytest.mark.parametrize(
    ("definition", "difference"),
    [
        ({"os": "Windows"}, "operating system Windows instead of Linux"),
        ({"generation": "V1"}, "Hyper-V generation V1 instead of V2"),
        ({"architecture": "Arm64"}, "architecture Arm64 instead of x64"),
        ({"security": "TrustedLaunchSupported"}, "security type TrustedLaunchSupported instead of Standard"),
        ({"os_state": "Specialized"}, "OS state Specialized instead of Generalized"),
    ],
)
def test_a_definition_is_of_the_sources_kind(definition: dict[str, Any], difference: str) -> None:
    problem = one(definition=definition)

    assert problem.code == "BadSharedImageDistribute"
    assert problem.target == "properties.distribute[0].galleryImageId"
    assert difference in problem.message
    assert samples.IMAGE in problem.message


def test_all_differences_of_a_definition_are_told_at_once() -> None:
    message = one(definition={"generation": "V1", "architecture": "Arm64"}).message

    assert "V1 instead of V2, architecture Arm64 instead of x64" in message


@pytest.mark.parametrize("security", get_args(SecurityType))
def test_a_definition_of_the_sources_own_security_type_takes_it_unless_machines_must_have_it(
    security: SecurityType,
) -> None:
    assert takes_security(security, security) is (security not in {"TrustedLaunch", "ConfidentialVM"})


def test_a_definition_may_promise_less_than_a_source_with_both_abilities_keeps() -> None:
    assert takes_security("TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported")
    assert not takes_security("Standard", "TrustedLaunchAndConfidentialVmSupported")
    assert not takes_security("TrustedLaunchAndConfidentialVmSupported", "TrustedLaunchSupported")


def test_a_managed_image_cannot_be_of_arm() -> None:
    assert one(ARM, distribute=[MANAGED_TARGET]).target == "properties.distribute[0].type"
    assert found(samples.LINUX, {}, distribute=[MANAGED_TARGET]) == ()


@pytest.mark.parametrize(
    ("regions", "definition"),
    [
        ([{"name": "westeurope"}, {"name": "northeurope"}], {}),
        ([{"name": "westeurope", "replicaCount": 2}], {}),
        ([{"name": "northeurope"}], {"location": "northeurope"}),
    ],
    ids=["two regions", "two replicas", "another region than the build's"],
)
def test_a_shallow_version_is_there_once_and_where_it_is_built(
    regions: list[dict[str, Any]], definition: dict[str, Any]
) -> None:
    target = {**samples.GALLERY, "replicationMode": "Shallow", "targetRegions": regions}

    assert one(definition=definition, distribute=[target]).target == "properties.distribute[0].replicationMode"


@pytest.mark.parametrize("regions", [[], [{"name": "West Europe"}]])
@pytest.mark.parametrize("definition", ["westeurope", "northeurope"])
def test_a_shallow_version_where_it_is_built_is_fine_wherever_its_definition_is(
    regions: list[dict[str, Any]], definition: str
) -> None:
    target = {**samples.GALLERY, "replicationMode": "Shallow", "targetRegions": regions}

    assert found(samples.LINUX, {"location": definition}, distribute=[target]) == ()


@pytest.mark.parametrize("version", ["", "22.04", "2022.1.1.1", "24.04.2147483648"])
def test_the_source_scheme_needs_a_version_of_three_numbers(version: str) -> None:
    target = {**samples.GALLERY, "versioning": {"scheme": "Source"}}

    assert one(like(version=version), distribute=[target]).target == "properties.distribute[0].versioning.scheme"


@pytest.mark.parametrize(
    "fixed", [{"versioning": {"scheme": "Source"}}, {"galleryImageId": f"{samples.IMAGE}/versions/0.20261101.1"}]
)
def test_two_targets_cannot_make_the_same_version(fixed: dict[str, Any]) -> None:
    first = {**samples.GALLERY, "versioning": {"scheme": "Source"}}

    problem = one(distribute=[first, {**samples.GALLERY, "runOutputName": "second", **fixed}])

    assert problem.target == "properties.distribute[1].galleryImageId"
    assert "version 0.20261101.1 of" in problem.message


def test_a_source_s_leading_zeros_are_no_obstacle_and_make_no_other_version() -> None:
    first = {**samples.GALLERY, "versioning": {"scheme": "Source"}}
    ubuntu = like(version="24.04.202510010")
    assert found(ubuntu, {}, distribute=[first]) == ()

    named = {**samples.GALLERY, "runOutputName": "second", "galleryImageId": f"{samples.IMAGE}/versions/24.4.202510010"}
    problem = one(ubuntu, distribute=[first, named])

    assert "another target makes version 24.4.202510010" in problem.message


def test_a_disk_only_grows() -> None:
    problem = one(vmProfile={"osDiskSizeGB": 29})

    assert problem.target == "properties.vmProfile.osDiskSizeGB"
    assert "29 GB is less than the source image's 30 GB" in problem.message
    assert found(samples.LINUX, {}, vmProfile={"osDiskSizeGB": 30}) == ()
    assert found(like(disk_size_gb=None), {}, vmProfile={"osDiskSizeGB": 1}) == ()


def test_a_machine_has_64_data_disks_at_the_most() -> None:
    disks = [{"sizeGB": 1}] * 60

    assert found(like(data_disk_luns=(0, 1, 2, 3)), {}, additionalDataDisks=disks) == ()
    problem = one(like(data_disk_luns=(0, 1, 2, 3, 4)), additionalDataDisks=disks)
    assert problem.target == "properties.additionalDataDisks"


def test_a_vhd_is_written_without_a_signature() -> None:
    target = {**samples.VHD, "uri": "https://a.blob.core.windows.net/c/x.vhd?sv=1&sig=secret"}
    problem = one(distribute=[target])

    assert problem.target == "properties.distribute[0].uri"
    assert "secret" not in problem.sentence()


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    template = samples.template(customize=[POWERSHELL, samples.SHELL], vmProfile={"osDiskSizeGB": 1})
    facts = samples.facts_of(template, generation="V1")

    with pytest.raises(TemplateRefused) as refused:
        check_fit(template, facts)

    assert [problem.target for problem in refused.value.detail.details] == [
        "properties.customize[0].type",
        "properties.vmProfile.osDiskSizeGB",
        "properties.distribute[0].galleryImageId",
    ]
    assert provisioning_code(refused.value.detail) == "UnsupportedCustomizerType"


def test_every_problem_says_what_to_do_next_and_has_one_of_aibs_codes() -> None:
    template = samples.template(
        customize=[POWERSHELL],
        validate={"inVMValidations": [POWERSHELL]},
        vmProfile={"osDiskSizeGB": 1},
        distribute=[
            {
                **samples.GALLERY,
                "versioning": {"scheme": "Source"},
                "replicationMode": "Shallow",
                "targetRegions": [{"name": "northeurope"}],
            },
            MANAGED_TARGET,
        ],
    )
    source = like(ARM, version="", security="TrustedLaunch")
    problems = misfits(template, samples.facts_of(template, source))

    assert len(problems) == 8
    for problem in problems:
        assert problem.code in PROVISIONING_CODES
        assert problem.hint
        assert problem.target
        assert problem.message.startswith("properties.")
