from __future__ import annotations

import pytest

from kiln.errors import (
    ArtifactUnavailable,
    BuildError,
    ErrorDetail,
    InternalFailure,
    SourceNotFound,
    StateUnreadable,
    TargetNotFound,
    TemplateRefused,
    ValidatorFailed,
    provisioning_code,
)

PIR = ErrorDetail(code="BadPIRSource", message="no image", target="properties.source", hint="look again")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SourceNotFound("no image", details=(PIR,)), "BadPIRSource"),
        (TemplateRefused((ErrorDetail(code="Other", message="x"), PIR)), "Other"),
        (TargetNotFound("no definition"), "BadSharedImageDistribute"),
        (ArtifactUnavailable("no file"), "Other"),
        (InternalFailure("a fault"), "ServerError"),
        (StateUnreadable("a document"), "ServerError"),
        (BuildError("no group", code="BadStagingResourceGroup"), "BadStagingResourceGroup"),
    ],
)
def test_an_error_has_one_of_image_builders_provisioning_codes(error: BuildError, code: str) -> None:
    assert provisioning_code(error.detail) == code
    assert provisioning_code(ErrorDetail.model_validate(error.detail.model_dump(mode="json"))) == code


def test_one_problem_of_a_template_is_told_as_itself_and_several_as_several() -> None:
    alone = TemplateRefused((PIR,)).detail
    several = TemplateRefused((PIR, PIR.model_copy(update={"message": "no subnet"}))).detail

    assert (alone.message, alone.target, alone.hint) == ("no image", "properties.source", "look again")
    assert several.sentence() == "The image template has 2 problems. no image no subnet"


def test_a_validator_that_failed_is_one_on_the_other_side_of_a_history() -> None:
    failed = ValidatorFailed(step="smoke", target="properties.validate", exit_code=1, last_lines="", log="https://log")

    again = BuildError.from_detail(failed.detail)

    assert isinstance(again, ValidatorFailed)
    assert again.detail.message == "Validator 'smoke' ended with exit code 1. It printed nothing."
