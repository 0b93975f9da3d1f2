"""Exit codes, and the failures that end a command and are shown to a person instead of a traceback.

It knows neither HTTP nor screens.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail


class ExitCode(IntEnum):
    """The exit codes of `kiln`; README.md lists them for scripts."""

    SUCCESS = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    CANCELED = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


class Failure(Exception):
    """A command cannot do what was asked. `detail` is the error tree that the API sent, if it sent one."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: ExitCode = ExitCode.FAILED,
        hint: str | None = None,
        detail: ErrorDetail | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.hint = hint
        self.detail = detail


class UsageFailure(Failure):
    """The command line or the template file is wrong."""

    def __init__(self, message: str, *, hint: str | None = None, detail: ErrorDetail | None = None) -> None:
        super().__init__(message, exit_code=ExitCode.USAGE, hint=hint, detail=detail)


class Unreachable(Failure):
    """Nothing answered at the endpoint; trying again may help."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, exit_code=ExitCode.UNREACHABLE, hint=hint)


class Untrusted(Failure):
    """A server's certificate is not signed by an authority that this machine trusts; trying again does not help."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, exit_code=ExitCode.UNREACHABLE, hint=hint)


class Refused(Failure):
    """The API answered with an error. `status` is its HTTP status."""

    def __init__(self, message: str, *, status: int, detail: ErrorDetail | None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.status = status
