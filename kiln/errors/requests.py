"""Errors with which Kiln's REST API refuses a request."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kiln.errors.base import ErrorDetail, KilnError


class Problem(BaseModel):
    """One broken rule of the template language: its place, what was expected, and the source of the rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(examples=["properties.customize[1].inline"])
    message: str
    source: str | None = None
    code: str = "Other"
    """AIB's provisioning error code for the problem."""

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
    """The request cannot be read, whatever template is in it; `code` names the reason."""

    code = "InvalidRequestContent"


class RequestTooLarge(KilnError):
    """The request's body is longer than the limit."""

    code = "RequestContentTooLarge"


class NotAuthenticated(KilnError):
    """The caller is unknown: the token is missing or not valid. `code` names the reason, as Resource Manager does."""

    code = "AuthenticationFailed"


class NotAuthorized(KilnError):
    """The caller is known, and may not do what he asks for."""

    code = "AuthorizationFailed"


class Unavailable(KilnError):
    """Something that Kiln depends on does not answer now; the same request works once it does again."""

    code = "ServiceUnavailable"


class SignInUnavailable(Unavailable):
    """The authority that signs tokens cannot be reached, so no token can be checked now."""

    code = "SignInUnavailable"


class StorageUnavailable(Unavailable):
    """A storage account does not answer, or not as it should."""

    code = "StorageUnavailable"


class DocumentUnreadable(KilnError):
    """One of Kiln's own documents exists but cannot be read: no request is to blame, and none can be answered with it.

    `reason` says what is wrong and quotes nothing of the document; `etag` is that of the document as it was read.
    """

    code = "DocumentUnreadable"

    def __init__(self, path: str, reason: str, etag: str | None = None) -> None:
        self.path, self.reason, self.etag = path, reason, etag
        super().__init__(
            f"Kiln's own document {path} cannot be read: {reason}",
            target=path,
            hint="An operator of this Kiln has to fix it: kiln doctor names the document, what depends on it, and the "
            "commands. Until then Kiln does nothing that the document might forbid.",
        )


class TaskHubUnavailable(Unavailable):
    """Durable Functions does not answer, or not as it should."""

    code = "DurableFunctionsUnavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The task hub of Durable Functions does not answer: {reason}",
            hint="Try again. If it still fails, check that the app is running, and that the storage account in the "
            "AzureWebJobsStorage settings admits its identity.",
        )


class ResourceNotFound(KilnError):
    """No resource has that id."""

    code = "ResourceNotFound"


class Conflict(KilnError):
    """The resource is in a state that forbids the call."""

    code = "Conflict"


class BeingDeleted(Conflict):
    """The template is being deleted."""


class PreconditionFailed(KilnError):
    """The document changed since it was read."""

    code = "PreconditionFailed"


class OutOfReach(KilnError):
    """The template names resources beyond its reach (`KILN_REACH`); all of them are reported together.

    The code and the words are those of Resource Manager for a caller who has no right to a resource that a request
    links to (quoted in hashicorp/terraform-provider-azurerm issue 12134).
    """

    code = "LinkedAuthorizationFailed"

    def __init__(self, problems: tuple[Problem, ...], *, who: str, action: str, template: str, hint: str) -> None:
        super().__init__(
            f"{who} has permission to perform action '{action}' on scope '{template}'; however, the image template "
            f"names {'a resource' if len(problems) == 1 else f'{len(problems)} resources'} that Kiln would "
            "use with its own identity, and that templates in this place may not name.",
            target=problems[0].path,
            hint=hint,
            details=tuple(problem.as_detail().model_copy(update={"code": self.code}) for problem in problems),
        )
