"""Azure's failures, sorted: a transient one is raised as it is, for another try; any other becomes a `BuildError`.

The split follows Microsoft's "Azure Resource Manager request limits" and "Retry guidance for Azure services": 408, 429
and 5xx are transient, and so are a few 409 codes that say that another operation is still under way.
"""

from __future__ import annotations

import contextlib
import http
from typing import TYPE_CHECKING, Any

from kiln.errors import AzureFailed, AzureNotFound, BuildError, ErrorDetail, SourceNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.exceptions import HttpResponseError

SOURCE = "properties.source"
TRANSIENT_STATUS = {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS}
TRANSIENT_CODES = {
    "AnotherOperationInProgress",
    "ConcurrentUpdateError",
    "ContainerBeingDeleted",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "StorageAccountOperationInProgress",
}
HINTS = {
    "AuthorizationFailed": "Give Kiln's identity the role that this call needs, at the scope that the message names.",
    "LinkedAuthorizationFailed": "Give Kiln's identity access to the linked resource that the message names.",
    "QuotaExceeded": "Ask for more quota, or set vmProfile.vmSize to a size of another family.",
    "OperationNotAllowed": "Do what the message says; if it is about cores, ask for quota or choose another vmSize.",
    "SkuNotAvailable": "Set vmProfile.vmSize to a size that the region has.",
    "ResourceGroupNotFound": "Create the resource group first, or correct its name in the template.",
    "AuthorizationPermissionMismatch": "Give Kiln's identity the role Storage Blob Data Contributor at that account.",
    "ContainerNotFound": "Create the container first, or correct the URL in the template.",
    "RequestDisallowedByPolicy": "An Azure Policy forbids the resource; the message names the policy.",
    "ScopeLocked": "Remove the lock that the message names, or have Kiln work in another resource group.",
    "AllocationFailed": "The region has no capacity for the size: try again, or choose another vmProfile.vmSize.",
    "ZonalAllocationFailed": "The zone has no capacity for the size: try again, or choose another vmProfile.vmSize.",
}
STATUS_HINTS: dict[int | None, str] = {
    http.HTTPStatus.UNAUTHORIZED: "Azure did not accept Kiln's identity: check its assignment to the function app.",
    http.HTTPStatus.FORBIDDEN: "Give Kiln's identity a role for what the message names, or access past its firewall.",
    http.HTTPStatus.NOT_FOUND: "It was not found: check its name in the template, and that it still exists.",
    http.HTTPStatus.CONFLICT: "It conflicts with the resource's state or with another operation, as the message says.",
}
GENERAL_HINT = "The message is Azure's own: fix what it says."
LONGEST = 800
"""The most characters of a message of Azure's that are kept: some list all sizes of a region, which are thousands."""


@contextlib.contextmanager
def azure(doing: str) -> Iterator[None]:
    """Turn failures of calls to Azure into Kiln's errors; `doing` (an infinitive) names the calls in them.

    Raises `AzureFailed` for what no retry can fix. Transient faults (throttling, server errors, lost connections,
    answers that are not Azure's) escape as azure-core's own exceptions, for the caller's retry policy.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        if is_transient(error):
            raise
        code, message = innermost(_body(error))
        code = code or _storage_code(error)
        kind = AzureNotFound if error.status_code == http.HTTPStatus.NOT_FOUND else AzureFailed
        code, hint = code or str(error.status_code or "Unknown"), STATUS_HINTS.get(error.status_code, GENERAL_HINT)
        raise failed(doing, code, message or str(error.message), kind, hint=hint) from error


def failed(
    doing: str, code: str, message: str, kind: type[AzureFailed] = AzureFailed, *, hint: str = GENERAL_HINT
) -> AzureFailed:
    """Return the error for a failure that Azure reported, with the hint for its code, or `hint` if there is none."""
    return kind(doing, azure_code=code, azure_message=_cut(message), hint=HINTS.get(code, hint))


def _cut(message: str) -> str:
    """Return a message with the middle of a very long one left out: what is wrong is told first, a link last."""
    if len(message) <= LONGEST:
        return message
    head, tail = message[: LONGEST * 3 // 4].rpartition(" ")[0], message[-LONGEST // 5 :].partition(" ")[2]
    return f"{head} ... {tail}"


def refused_source(code: str, message: str, *, target: str = SOURCE, hint: str | None = None) -> SourceNotFound:
    """Return the error of a source that cannot be built from; `code` is AIB's."""
    detail = ErrorDetail(code=code, message=message, target=target, hint=hint)
    return SourceNotFound(message, target=target, hint=hint, details=(detail,))


def refused(message: str, *, target: str, hint: str | None = None, code: str = "Other") -> BuildError:
    """Return the error of anything but the source that a template names and that cannot be used; `code` is AIB's."""
    return BuildError(message, target=target, hint=hint, code=code)


def is_transient(error: HttpResponseError) -> bool:
    """Whether a failure is transient: the same call may succeed later."""
    from azure.core.exceptions import DecodeError

    status = error.status_code
    if status is None or isinstance(error, DecodeError):
        return True
    if status in TRANSIENT_STATUS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    code, _ = innermost(_body(error))
    if status < http.HTTPStatus.BAD_REQUEST and code is None:
        return True  # not Azure's answer, but a proxy's page or half of one; with a code an operation failed
    return (code or _storage_code(error)) in TRANSIENT_CODES


def innermost(body: Any) -> tuple[str | None, str | None]:
    """Return code and message of the deepest error in an ARM error body: the one that names the cause."""
    error = body.get("error", body) if isinstance(body, dict) else None
    found: tuple[str | None, str | None] = (None, None)
    while isinstance(error, dict):
        if error.get("message") or error.get("code"):
            found = (error.get("code") or found[0], error.get("message") or found[1])
        details = error.get("details")
        error = details[0] if isinstance(details, list) and details else None
    return found


def _storage_code(error: HttpResponseError) -> str | None:
    """Return the error code of a storage account, which its client reads from XML or, for a HEAD, from a header."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code)) if code else None


def _body(error: HttpResponseError) -> Any:
    import json

    if error.response is None:
        return None
    try:
        return json.loads(error.response.text())
    except (ValueError, TypeError):
        return None  # not JSON: the caller falls back to the exception's own message
