"""Turn exceptions of the HTTP clients into failures that a person can act on.

It owns the wording of network, certificate, sign-in and API errors; it knows neither commands nor screens.
"""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from kiln.cli.faults import Failure, Refused, Unreachable, Untrusted
from kiln.cli.settings import API_SCOPE
from kiln.cli.sign_in import NobodyThere
from kiln.cli.trust import trust_in
from kiln.cli.views import error_detail

if TYPE_CHECKING:
    from kiln.cli.settings import Settings
    from kiln.cli.trust import Trust
    from kiln.errors import ErrorDetail

REFUSED_HINT = (
    "Name a Kiln with --endpoint (KILN_ENDPOINT), or start one in a checkout of its repository: `kiln local up`."
)


def api_failure(error: AzureError, settings: Settings) -> Failure:
    """Return the failure for an exception that azure-core raised in a call to the API."""
    match error:
        case ServiceRequestError() | ServiceResponseError():
            trust = trust_in(settings.endpoint, settings.trust)
            return connection_failure(error, settings.endpoint, trust, hint=REFUSED_HINT)
        case DecodeError():
            return Failure(f"{settings.endpoint} is not Kiln's API: its answer is not JSON.")
        case HttpResponseError() if error.response is not None:
            status = error.response.status_code
            detail = arm_error(error.response.text())
            return Refused(
                f"{settings.endpoint} refused the call with status {status}.",
                status=int(status or 0),
                detail=detail,
                hint=_hint(int(status or 0), detail, settings),
            )
        case NobodyThere():
            return Unreachable(f"No local Kiln of yours runs at {settings.endpoint}.", hint=REFUSED_HINT)
        case ClientAuthenticationError():
            why = f"You are not signed in to {settings.endpoint}: {error.message.splitlines()[0]}"
            return Failure(why, hint=_sign_in(settings))
        case _:
            return Failure(f"{settings.endpoint}: {error}")


def connection_failure(error: BaseException, server: str, trust: Trust, *, hint: str | None = None) -> Failure:
    """Return the failure for a missing answer from `server`: refused, lost, or with an untrusted certificate."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause, server, trust)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreachable(f"Nothing answers at {server}: the connection was refused.", hint=hint)
    return Unreachable(f"No answer from {server}: {_innermost_text(error, causes).rstrip('.')}.", hint=hint)


def _untrusted(cause: ssl.SSLCertVerificationError, server: str, trust: Trust) -> Untrusted:
    trusted = f"the authorities in {trust.file} (named by {trust.named_by})" if trust.file else "the public authorities"
    return Untrusted(
        f"The certificate of {server} cannot be verified with {trusted}: {cause.verify_message or cause.reason}.",
        hint="Name a PEM file with the certificate authority that signed it: --ca-file FILE, or KILN_CA_FILE=FILE. For "
        "another user's local Azure, it is the file that their `kiln local status` prints as trust.",
    )


def _causes(error: BaseException) -> list[BaseException]:
    """Return `error` and all errors that it was raised from or wraps, outermost first."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or item in found:
            continue
        found.append(item)
        wrapped = (getattr(item, name, None) for name in ("inner_exception", "reason"))  # azure-core, urllib3
        waiting += [item.__cause__, item.__context__, *wrapped, *item.args]
    return found


def _innermost_text(error: BaseException, causes: list[BaseException]) -> str:
    """Return the operating system's message if there is one; the wrappers' messages only repeat object addresses."""
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(error) or type(error).__name__


def arm_error(text: str) -> ErrorDetail | None:
    """Return the error in an ARM answer: `{"error": {...}}`, also inside a failed operation's status."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return error_detail(body.get("error")) if isinstance(body, dict) else None


def _sign_in(settings: Settings) -> str:
    """Return a hint for a user who is not signed in."""
    if not settings.is_encrypted:
        encrypted = settings.endpoint.replace("http:", "https:", 1)
        return f"Over plain http no token is ever sent. Use the https endpoint: --endpoint {encrypted}"
    fresh = f"az account get-access-token --scope {settings.scope or API_SCOPE} --query accessToken --output tsv"
    if settings.token:
        return (
            "The token in KILN_TOKEN is not accepted: it may have expired, or be for another API. "
            f"Unset it, or get a new one: `{fresh}`."
        )
    return (
        f"Sign in with `az login` and name Kiln's own scope, {API_SCOPE}, with --scope (KILN_SCOPE; now "
        f"{settings.scope or 'none'}), or put an access token into KILN_TOKEN."
    )


def _hint(status: int, detail: ErrorDetail | None, settings: Settings) -> str | None:
    if status == HTTPStatus.UNAUTHORIZED:
        return _sign_in(settings)
    if status == HTTPStatus.FORBIDDEN and detail is not None and detail.code == "AuthorizationFailed":
        return (
            "Ask the people who run this Kiln for the permission, and then sign in again: a token has the roles of the "
            "time of its sign-in."
        )
    if detail is None:
        return "The answer is not an error in Azure's form, so this is probably not Kiln's API: check --endpoint."
    return None
