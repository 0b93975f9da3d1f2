"""Errors of what a template names in Azure, each with the provisioning error code that AIB has for it."""

from __future__ import annotations

from kiln.errors import BuildError, ErrorDetail, SourceNotFound

SOURCE = "properties.source"


def refused_source(code: str, message: str, *, target: str = SOURCE, hint: str | None = None) -> SourceNotFound:
    """Return the error of a source that cannot be built from; `code` is AIB's."""
    detail = ErrorDetail(code=code, message=message, target=target, hint=hint)
    return SourceNotFound(message, target=target, hint=hint, details=(detail,))


def refused(message: str, *, target: str, hint: str | None = None, code: str = "Other") -> BuildError:
    """Return the error of anything else that a template names; `code` is AIB's."""
    return BuildError(message, target=target, hint=hint, code=code)
