"""Every error that Kiln designs, and the one shape in which errors travel.

KilnError
├── RequestInvalid         the request cannot be read: api-version, names, JSON (400)
├── RequestTooLarge        the request's body is longer than is taken (413)
├── TemplateInvalid        the request body breaks the template language (400, all problems at once)
├── ResourceNotFound       nothing of that name (404)
├── Conflict               the resource's state forbids it (409)
├── PreconditionFailed     somebody else was faster (412)
└── BuildError             stops a build; travels through histories as an `ErrorDetail`
    ├── TemplateRefused    a submitted template does not fit what is in Azure (all problems at once)
    ├── SourceNotFound     the source image or version is not there, or cannot be built from
    ├── TargetNotFound     a gallery image definition is not there, or does not fit
    ├── VersionTaken       the gallery version exists and is another run's
    ├── ArtifactUnavailable  a script or file cannot be fetched, or is not what its checksum says
    ├── AzureFailed        Azure refused a call or ended an operation as Failed
    │   └── AzureNotFound  the resource that the call needs is not there
    ├── CustomizerFailed   a script ended with an exit code that does not count as success
    │   └── ValidatorFailed  and it was a validator's
    ├── GeneralizeFailed   the machine did not deprovision and power off
    ├── DeadlineExceeded   the time that the plan gives is over
    ├── RunCanceled        somebody asked for it
    ├── Superseded         a newer version of the template was submitted, or the template is going
    └── InternalFailure    a fault in Kiln or its host, after every retry

It knows nothing of HTTP, durable or Azure's clients: those translate at their own edge.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class ErrorDetail(BaseModel):
    """One error as data: safe to store, log and show (it never holds a secret).

    The field names are ARM's (`code`, `message`, `target`, `details`); `hint` says what to do next.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str
    target: str | None = None
    details: tuple[ErrorDetail, ...] = ()
    hint: str | None = None

    def sentence(self) -> str:
        """Return the error as one text for a person: what, the details' own words, and the hint."""
        parts = [self.message]
        parts += [detail.message for detail in self.details if detail.message not in self.message]
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


class KilnError(Exception):
    """Base of all designed errors. Carries an `ErrorDetail`."""

    code: ClassVar[str] = "KilnError"

    def __init__(
        self,
        message: str,
        *,
        target: str | None = None,
        hint: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
        code: str | None = None,
    ) -> None:
        self.detail = ErrorDetail(code=code or self.code, message=message, target=target, hint=hint, details=details)
        super().__init__(self.detail.sentence())


class Problem(BaseModel):
    """One broken rule of the template language: where, what was expected, and which rule says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(examples=["properties.customize[1].inline"])
    message: str
    source: str | None = None
    code: str = "Other"
    """AIB's provisioning error code for it."""

    def as_detail(self) -> ErrorDetail:
        """Return the problem as one entry of ARM's `details`."""
        return ErrorDetail(code="InvalidProperty", message=f"{self.path}: {self.message}", target=self.path)


class TemplateInvalid(KilnError):
    """The template, or another body of the template language, breaks rules; all of them are reported together."""

    code = "ValidationFailed"

    def __init__(self, problems: tuple[Problem, ...], *, what: str = "image template") -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"The {what} has {count}.",
            target=problems[0].path if problems else None,
            details=tuple(problem.as_detail() for problem in problems),
        )


class RequestInvalid(KilnError):
    """The request cannot be read, whatever the template in it says; `code` names why."""

    code = "InvalidRequestContent"


class RequestTooLarge(KilnError):
    """The request's body is longer than is taken."""

    code = "RequestContentTooLarge"


class ResourceNotFound(KilnError):
    """No resource has that id."""

    code = "ResourceNotFound"


class Conflict(KilnError):
    """The resource is in a state that forbids the call."""

    code = "Conflict"


class PreconditionFailed(KilnError):
    """The document changed since it was read."""

    code = "PreconditionFailed"


class BuildError(KilnError):
    """An error that stops a build and names the reason to its owner.

    Subclasses are found again by their `code`, so that the orchestrator sees the very type that the activity raised.
    """

    code = "BuildFailed"
    provisioning_code: ClassVar[str] = "Other"
    """AIB's name for the error where it ends a template's submission."""
    _by_code: ClassVar[dict[str, type[BuildError]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the subclass under its code."""
        super().__init_subclass__()
        BuildError._by_code[cls.code] = cls

    @staticmethod
    def kind_of(code: str) -> type[BuildError]:
        """Return the class whose code it is; an unknown code is a plain `BuildError`'s."""
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


class ArtifactUnavailable(BuildError):
    """A script or file of the template cannot be fetched or is not what its checksum says."""

    code = "ArtifactUnavailable"


class AzureFailed(BuildError):
    """Azure refused a call for good, or ended a long-running operation as Failed or Canceled."""

    code = "AzureFailed"

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
    """The time that the plan gives for something is over."""

    code = "DeadlineExceeded"


class RunCanceled(BuildError):
    """The run was canceled; work that is still under way stops at its next step."""

    code = "RunCanceled"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run {run_id} was canceled.")


class Superseded(BuildError):
    """A submission that is of no use any more: its template has a newer version, is being deleted or is gone."""

    code = "Superseded"

    def __init__(self, template: str, version: int) -> None:
        super().__init__(f"Version {version} of the image template {template} was superseded.", target=template)


class InternalFailure(BuildError):
    """A fault in Kiln or in its host that outlived every retry."""

    code = "InternalFailure"
    provisioning_code = "ServerError"


PROVISIONING_CODES = frozenset({
    "BadSourceType", "BadPIRSource", "BadManagedImageSource", "BadSharedImageVersionSource", "BadCustomizerType",
    "UnsupportedCustomizerType", "NoCustomizerScript", "BadValidatorType", "UnsupportedValidatorType",
    "NoValidatorScript", "BadDistributeType", "BadSharedImageDistribute", "BadStagingResourceGroup", "ServerError",
    "Other",
})  # fmt: skip
"""AIB's `provisioningErrorCode` values (azure-mgmt-imagebuilder 2.0.0)."""


def provisioning_code(error: ErrorDetail) -> str:
    """Return the one of AIB's provisioning error codes that fits an error which ended a submission."""
    for detail in (error, *error.details):
        if detail.code in PROVISIONING_CODES:
            return detail.code
    return BuildError.kind_of(error.code).provisioning_code
