"""Errors that stop a build or a submission.

Histories hold them as data, from which they are made again by their code.
"""

from __future__ import annotations

from typing import ClassVar

from kiln.errors.base import ErrorDetail, KilnError


class BuildError(KilnError):
    """An error that stops a build or a submission, with a reason for the template's owner.

    Subclasses are found by their `code`, so that the orchestrator gets the same type that the activity raised.
    """

    code = "BuildFailed"
    provisioning_code: ClassVar[str] = "Other"
    """AIB's name for the error if it ends a template's submission."""
    _by_code: ClassVar[dict[str, type[BuildError]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the subclass under its code."""
        super().__init_subclass__()
        BuildError._by_code[cls.code] = cls

    @staticmethod
    def kind_of(code: str) -> type[BuildError]:
        """Return the class that has the code, or `BuildError` for an unknown code."""
        return BuildError._by_code.get(code, BuildError)

    @staticmethod
    def from_detail(detail: ErrorDetail) -> BuildError:
        """Return the error that `detail` describes, as an instance of the class that made it."""
        kind = BuildError.kind_of(detail.code)
        error = kind.__new__(kind)
        error.detail = detail
        Exception.__init__(error, detail.sentence())
        return error


class SourceNotFound(BuildError):
    """The template's source image, or the asked version of it, does not exist where the build runs."""

    code = "SourceImageNotFound"


class TargetNotFound(BuildError):
    """A distribution target does not exist or cannot take this image."""

    code = "DistributionTargetNotFound"
    provisioning_code = "BadSharedImageDistribute"


class TemplateRefused(BuildError):
    """A submitted template does not fit what is in Azure; each of `problems` has one of AIB's provisioning codes."""

    code = "TemplateRefused"

    def __init__(self, problems: tuple[ErrorDetail, ...]) -> None:
        first = problems[0]
        alone = len(problems) == 1
        super().__init__(
            first.message if alone else f"The image template has {len(problems)} problems.",
            target=first.target,
            hint=first.hint if alone else None,
            details=problems,
        )


class VersionTaken(BuildError):
    """The gallery image version exists already and was made by something else."""

    code = "GalleryVersionTaken"


class ImageTaken(BuildError):
    """A managed image of that name exists, and the template did not make it."""

    code = "ManagedImageTaken"


class VhdTaken(BuildError):
    """A blob exists where the VHD is to be, and the template did not make it."""

    code = "VhdTaken"


class MadeByAnother(BuildError):
    """The resource that has an id is not the one that the run made: it is somebody else's, or was made again since."""

    code = "MadeByAnother"


class OnlyCopy(BuildError):
    """The spare to be deleted is the only copy of its image, which does not exist under its own name."""

    code = "OnlyCopy"


class ArtifactUnavailable(BuildError):
    """A script or file of the template cannot be fetched, or does not match its checksum."""

    code = "ArtifactUnavailable"


class AzureFailed(BuildError):
    """Azure refused a call for good, or ended a long-running operation as Failed or Canceled."""

    code = "AzureFailed"
    unclear = False
    """Whether an earlier try of the same call may have taken effect all the same; not stored in histories."""

    def __init__(self, doing: str, *, azure_code: str, azure_message: str, hint: str | None = None) -> None:
        super().__init__(
            f"Azure failed to {doing}: {azure_code}: {azure_message}",
            hint=hint,
            details=(ErrorDetail(code=azure_code, message=azure_message),),
        )


class AzureNotFound(AzureFailed):
    """Azure knows no resource of that id."""

    code = "AzureNotFound"


class CustomizerFailed(BuildError):
    """A step's script ended with an exit code that does not count as success."""

    code = "CustomizerFailed"
    noun: ClassVar[str] = "Customizer"

    def __init__(self, *, step: str, target: str, exit_code: int, last_lines: str, log: str) -> None:
        said = f" Its last output was:\n{last_lines}" if last_lines.strip() else " It printed nothing."
        super().__init__(
            f"{self.noun} {step!r} ended with exit code {exit_code}.{said}",
            target=target,
            hint=f"The whole output is in {log}.",
        )


class ValidatorFailed(CustomizerFailed):
    """A validator's script ended with an exit code that does not count as success: the image is not good."""

    code = "ValidatorFailed"
    noun = "Validator"


class GeneralizeFailed(BuildError):
    """The machine did not deprovision itself and power off."""

    code = "GeneralizeFailed"


class DeadlineExceeded(BuildError):
    """The time that the plan allows for something is over."""

    code = "DeadlineExceeded"


class RunCanceled(BuildError):
    """The run was canceled; work that is still under way stops at its next step."""

    code = "RunCanceled"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run {run_id} was canceled.")


class Superseded(BuildError):
    """A submission has become useless: its template has a newer version, is being deleted or is gone."""

    code = "Superseded"

    def __init__(self, template: str, version: int) -> None:
        super().__init__(f"Version {version} of the image template {template} was superseded.", target=template)


class RunLost(BuildError):
    """A run's orchestration ended, or never began, and the run's record does not say so."""

    code = "RunLost"


class InternalFailure(BuildError):
    """A fault in Kiln or in its host that outlived every retry."""

    code = "InternalFailure"
    provisioning_code = "ServerError"


class StateUnreadable(InternalFailure):
    """One of Kiln's own documents, which the work needs, cannot be read, and no retry changes that."""

    code = "DocumentUnreadable"


PROVISIONING_CODES = frozenset({
    "BadSourceType", "BadPIRSource", "BadManagedImageSource", "BadSharedImageVersionSource", "BadCustomizerType",
    "UnsupportedCustomizerType", "NoCustomizerScript", "BadValidatorType", "UnsupportedValidatorType",
    "NoValidatorScript", "BadDistributeType", "BadSharedImageDistribute", "BadStagingResourceGroup", "ServerError",
    "Other",
})  # fmt: skip
"""AIB's `provisioningErrorCode` values (azure-mgmt-imagebuilder 2.0.0)."""


def provisioning_code(error: ErrorDetail) -> str:
    """Return AIB's provisioning error code for an error that ended a submission."""
    for detail in (error, *error.details):
        if detail.code in PROVISIONING_CODES:
            return detail.code
    return BuildError.kind_of(error.code).provisioning_code
