"""`ErrorDetail`, the form in which errors are stored and sent, and `KilnError`, the base of Kiln's own errors."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, field_validator

from kiln.redact import redact


class ErrorDetail(BaseModel):
    """One error as data, safe to store, log and show: text that looks like a secret is replaced.

    The field names are ARM's (`code`, `message`, `target`, `details`); `hint` says what to do next.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str
    target: str | None = None
    details: tuple[ErrorDetail, ...] = ()
    hint: str | None = None

    @field_validator("message", "target", "hint")
    @classmethod
    def _redacted(cls, text: str | None) -> str | None:
        return redact(text) if text else text

    def sentence(self) -> str:
        """Return the error as one text for a person: its message, those of its details, and the hint."""
        parts = [self.message]
        parts += [detail.message for detail in self.details if detail.message not in self.message]
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


class KilnError(Exception):
    """Base of all of Kiln's own errors. Carries an `ErrorDetail`."""

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
