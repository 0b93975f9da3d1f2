"""Errors of HTTP itself: the request is refused without a look at what it asks.

It owns their words; reply.py has the HTTP status of each.
"""

from __future__ import annotations

from kiln.errors import KilnError


class UnsupportedMediaType(KilnError):
    """The body is of a kind that is not read."""

    code = "UnsupportedMediaType"

    def __init__(self, media_type: str) -> None:
        super().__init__(
            f"The request's body is {media_type!r}; expected application/json.",
            target="Content-Type",
        )


class LengthRequired(KilnError):
    """The body comes in chunks, of which Azure Functions hands on nothing (azure-functions-host issue 7930)."""

    code = "LengthRequired"

    def __init__(self) -> None:
        super().__init__(
            "The request has Transfer-Encoding: chunked, and its body does not arrive.",
            target="Content-Length",
            hint="Send the body with its Content-Length.",
        )


class MethodNotAllowed(KilnError):
    """The path is known, and not for this method."""

    code = "MethodNotAllowed"

    def __init__(self, method: str, path: str, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not supported at {path}; supported there: {', '.join(allowed)}.", target=path)


class NotSigned(KilnError):
    """The request has no valid, fresh signature. The error does not say what is wrong, nor if the trigger exists."""

    code = "InvalidSignature"
    challenge = "Kiln-Signature-256"
    """The scheme that WWW-Authenticate names, which every 401 has (RFC 9110, 11.6.1)."""

    def __init__(self) -> None:
        super().__init__(
            "The request is not signed as it has to be.",
            hint="Sign timestamp, trigger's id and body with the trigger's secret, and send it within five minutes.",
        )


class TooManyRequests(KilnError):
    """The subscription asked more often than it may; it may ask again in `retry_after` seconds."""

    code = "TooManyRequests"

    def __init__(self, kind: str, scope: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            f"The limit of {kind} is exceeded for {scope}.",
            hint=f"Try again in {retry_after} s, as the header Retry-After says.",
        )
