"""What refuses a request to Kiln's REST API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kiln.errors.base import ErrorDetail, KilnError


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


class NotAuthenticated(KilnError):
    """Nobody knows who asks: there is no token, or it is not good; `code` names why, as Resource Manager does."""

    code = "AuthenticationFailed"


class NotAuthorized(KilnError):
    """It is known who asks, and that he may not do it."""

    code = "AuthorizationFailed"


class Unavailable(KilnError):
    """Something that Kiln itself stands on does not answer now; the same request is answered when it does again."""

    code = "ServiceUnavailable"


class SignInUnavailable(Unavailable):
    """Whoever says who asks cannot be reached, so that no token can be judged now."""

    code = "SignInUnavailable"


class StorageUnavailable(Unavailable):
    """A storage account does not answer, or not as it should."""

    code = "StorageUnavailable"


class DocumentUnreadable(KilnError):
    """A document of Kiln's own is there and cannot be read: no request is to blame, and none can be answered by it.

    `reason` says what is wrong, and quotes nothing that is in it; `etag` is of the document as it was read.
    """

    code = "DocumentUnreadable"

    def __init__(self, path: str, reason: str, etag: str | None = None) -> None:
        self.path, self.reason, self.etag = path, reason, etag
        super().__init__(
            f"Kiln's own document {path} cannot be read: {reason}",
            target=path,
            hint="Whoever runs Kiln fixes it: kiln doctor names the document, what it keeps from working, and the "
            "commands. Until then nothing is done that it might forbid.",
        )


class TaskHubUnavailable(Unavailable):
    """Durable Functions does not answer, or not as it should."""

    code = "DurableFunctionsUnavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The task hub of Durable Functions does not answer: {reason}",
            hint="Try again. If that goes on, see that the app is up, and that the storage account which the settings "
            "AzureWebJobsStorage name lets it in.",
        )


class ResourceNotFound(KilnError):
    """No resource has that id."""

    code = "ResourceNotFound"


class Conflict(KilnError):
    """The resource is in a state that forbids the call."""

    code = "Conflict"


class BeingDeleted(Conflict):
    """The template is going away."""


class PreconditionFailed(KilnError):
    """The document changed since it was read."""

    code = "PreconditionFailed"


class OutOfReach(KilnError):
    """The template names resources that templates in its place may not; all of them are reported together.

    The code and the words are Resource Manager's, for a caller who has no right to a resource that a request links to
    (they are quoted in hashicorp/terraform-provider-azurerm issue 12134).
    """

    code = "LinkedAuthorizationFailed"

    def __init__(self, problems: tuple[Problem, ...], *, who: str, action: str, template: str, hint: str) -> None:
        super().__init__(
            f"{who} has permission to perform action '{action}' on scope '{template}'; however, the image template "
            f"names {'a resource' if len(problems) == 1 else f'{len(problems)} resources'} to which Kiln's own "
            "identity would go, and which templates there may not use.",
            target=problems[0].path,
            hint=hint,
            details=tuple(problem.as_detail().model_copy(update={"code": self.code}) for problem in problems),
        )
