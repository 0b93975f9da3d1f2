"""An answer as data, and errors as answers: the one place that knows which error is which HTTP status.

It knows nothing of what was asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import azure.functions as func

from kiln.errors import (
    Conflict,
    DocumentUnreadable,
    ErrorDetail,
    KilnError,
    NotAuthenticated,
    NotAuthorized,
    OutOfReach,
    PreconditionFailed,
    RequestInvalid,
    RequestTooLarge,
    ResourceNotFound,
    TemplateInvalid,
    Unavailable,
)
from kiln.runs.resources import error_body
from triggers.refusals import LengthRequired, MethodNotAllowed, NotSigned, TooManyRequests, UnsupportedMediaType

RETRY_AFTER = 1
"""Seconds between polls of a long-running operation; clients read a whole number."""
AVAILABLE_AGAIN = 5
"""Seconds after which a client may ask again when a store did not answer."""

STATUS: dict[type[KilnError], HTTPStatus] = {
    RequestInvalid: HTTPStatus.BAD_REQUEST,
    TemplateInvalid: HTTPStatus.BAD_REQUEST,
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    NotAuthorized: HTTPStatus.FORBIDDEN,
    OutOfReach: HTTPStatus.FORBIDDEN,
    ResourceNotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    LengthRequired: HTTPStatus.LENGTH_REQUIRED,
    NotSigned: HTTPStatus.UNAUTHORIZED,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DocumentUnreadable: HTTPStatus.INTERNAL_SERVER_ERROR,
}
REFUSALS = tuple(STATUS)
"""The errors that answer a request; any other is Kiln's own failure."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer: `body` is a JSON value (a dict), bytes of plain text, or nothing."""

    status: HTTPStatus
    body: dict[str, Any] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, extra: dict[str, str]) -> func.HttpResponse:
        """Return the answer as Azure Functions wants it, with `extra` headers."""
        headers = {**self.headers, **extra}
        match self.body:
            case None:
                return func.HttpResponse(status_code=self.status, headers=headers)
            case bytes():
                return func.HttpResponse(self.body, status_code=self.status, headers=headers, mimetype="text/plain")
            case _:
                return func.HttpResponse(
                    _encoded(self.body), status_code=self.status, headers=headers, mimetype="application/json"
                )


def _encoded(body: dict[str, Any]) -> bytes:
    """Return the JSON as UTF-8; half a character, which a request may have brought, goes out as its escape."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


def refusal(error: KilnError) -> Reply:
    """Return the answer to a request that Kiln refuses with one of `REFUSALS`."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    return Reply(status, {"error": error_body(error.detail)}, _headers(error))


def _headers(error: KilnError) -> dict[str, str]:
    match error:
        case TooManyRequests():
            return {"Retry-After": str(error.retry_after)}
        case Unavailable():
            return {"Retry-After": str(AVAILABLE_AGAIN)}
        case NotSigned():
            return {"WWW-Authenticate": NotSigned.challenge}
        case MethodNotAllowed():
            return {"Allow": ", ".join(error.allowed)}
        case _:
            return {}


def failure(correlation_id: str) -> Reply:
    """Return the answer to a request on which Kiln itself failed: it says where to look, and hides the cause."""
    detail = ErrorDetail(
        code="InternalServerError",
        message=f"Kiln failed on this request. Its log has the cause under the correlation id {correlation_id}.",
    )
    return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": error_body(detail)})
