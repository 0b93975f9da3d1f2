"""The ways in which a call can go wrong, as rules of devkit/azure/faults.py, and which calls each is about.

The expected outcomes are in expectations.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.azure_calls.calls import Call

MARK = "the planted cause"
"""Text in the innermost message of a lasting fault, which a person must see."""
PATIENCE = 1.0
"""Seconds after which the client gives up, in the kinds that are about that."""
RETRY_AFTER = 7
BURST = 6
"""Refusals in a row: more than azure-core's own tries (three), so that the workflow's must help."""
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_OUTER = {"code": "DeploymentFailed", "message": "At least one thing went wrong. See the details."}
_ARM_WRITES = {"PUT", "POST", "PATCH"}


@dataclass(frozen=True)
class Kind:
    """One column of the table."""

    name: str
    make: Callable[[Call], dict[str, Any] | None]
    """The rule's own part; None where the call cannot go wrong in this way."""
    lasting: bool = False
    """Whether asking again does not help: Azure's answer is final, or the fault goes on for ever."""
    times: int = 1
    """The number of requests that meet it; 0: all."""
    patience: float | None = None

    def rule(self, call: Call) -> dict[str, Any] | None:
        """Return the whole rule, or None."""
        made = self.make(call)
        return made and {"method": call.method, "path": call.glob, **made}


def _throttled(call: Call) -> dict[str, Any] | None:
    """Return a 429; none for blobs, which answer 503 instead ("Common REST API error codes", ServerBusy)."""
    if call.service in {"blobs", "state"}:
        return None
    return {"status": 429, "code": "TooManyRequests", "message": "Too many requests.", "retry_after": RETRY_AFTER}


def _always(**rule: Any) -> Callable[[Call], dict[str, Any] | None]:
    return lambda _: rule


def _refused(status: int, arm: str, blob: str, code: str | None = None) -> Callable[[Call], dict[str, Any]]:
    """Return a refusal: in ARM's form with its cause in the details, where ARM has it; in a blob's flat one."""

    def make(call: Call) -> dict[str, Any]:
        if call.service in {"blobs", "state"}:
            return {"status": status, "code": blob, "message": f"{MARK}: {blob}"}
        cause = {"code": code or arm, "message": f"{MARK}: {arm}"}
        return {"status": status, **_OUTER, "details": [cause]}

    return make


def _transient_conflict(call: Call) -> dict[str, Any] | None:
    if call.service == "ARM" and call.method != "GET":
        return {"status": 409, "code": "AnotherOperationInProgress", "message": "Another operation is in progress."}
    return None


def _quota(call: Call) -> dict[str, Any] | None:
    if call.service != "ARM" or call.method not in _ARM_WRITES:
        return None
    return _refused(409, "QuotaExceeded", "")(call)


def _failed(call: Call) -> dict[str, Any] | None:
    if not call.starts or call.service != "ARM":
        return None
    return {"operation": "Failed", **_OUTER, "details": [{"code": "AllocationFailed", "message": f"{MARK}: full"}]}


def _missing(call: Call) -> dict[str, Any] | None:
    """Return a 404; none for a DELETE, where it could not be told from a true one."""
    return _refused(404, "ResourceNotFound", "BlobNotFound")(call) if call.method != "DELETE" else None


def _html(call: Call) -> dict[str, Any] | None:
    """Return an HTML page instead of an answer; none for a HEAD, whose answer has no body."""
    return {"body": _HTML} if call.method != "HEAD" else None


def _truncated(call: Call) -> dict[str, Any] | None:
    return {"truncate": 5} if call.answers and call.method != "HEAD" else None


KINDS: tuple[Kind, ...] = (
    Kind("429", _throttled),
    Kind("409 busy", _transient_conflict),
    Kind("500", _always(status=500, code="InternalError", message="Something broke.")),
    Kind("503", _always(status=503, code="ServerBusy", message="The server is busy.")),
    Kind("503 x6", _always(status=503, code="ServerBusy", message="The server is busy."), times=BURST),
    Kind("time-out", _always(hold=PATIENCE + 0.5), patience=PATIENCE),
    Kind("lost before", _always(drop="before")),
    Kind("lost after", _always(drop="after")),
    Kind("HTML", _html),
    Kind("cut off", _truncated),
    Kind("409", _refused(409, "Conflict", "LeaseIdMissing"), lasting=True),
    Kind("403", _refused(403, "AuthorizationFailed", "AuthorizationPermissionMismatch"), lasting=True),
    Kind("404", _missing, lasting=True),
    Kind("quota", _quota, lasting=True),
    Kind("failed", _failed, lasting=True),
    Kind("500 on", _always(status=500, code="InternalError", message=f"{MARK}: broken"), times=0, lasting=True),
    Kind("HTML on", _html, times=0, lasting=True),
)
