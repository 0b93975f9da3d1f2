"""A setting as people see it: its name, what it is for and what it accepts; and what is said of a bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotated_types import Ge, Le

from kiln.redact import redact

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

LONGEST = 100
"""Characters of a value that a message repeats."""


@dataclass(frozen=True)
class Setting:
    """The mark of a field that is a setting: its name in the environment, and what it is for, in one sentence.

    A bad value keeps the app from working, unless `otherwise` says what holds then: the default counts. `unset` says
    what holds without a value, where the default does not say it. What may hold a secret, or the names of others'
    resources, is `hidden`: no message repeats it. What the `platform` itself sets is no deployment's to set.
    """

    name: str
    meaning: str
    unset: str = ""
    otherwise: str = ""
    hidden: bool = False
    platform: bool = False


@dataclass(frozen=True)
class Accepts:
    """The mark of a kind of settings that says which texts it takes, for people."""

    what: str


@dataclass(frozen=True)
class BadSetting:
    """A setting of which the value is missing or not accepted. The message begins with its name."""

    name: str
    message: str


class SettingsInvalid(ValueError):
    """Settings without which the app cannot work are missing, or not valid."""

    def __init__(self, bad: tuple[BadSetting, ...]) -> None:
        super().__init__("; ".join(each.message for each in bad))


@dataclass(frozen=True)
class AppSetting:
    """One setting of the model: its field there, and all that is known of it."""

    field: str
    mark: Setting
    info: FieldInfo

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.info.is_required()

    @property
    def accepts(self) -> str:
        """What it takes, in words: its kind's, or the bounds of a whole number."""
        for mark in self.info.metadata:
            if isinstance(mark, Accepts):
                return mark.what
        least, most = self.bounds
        return f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The least and the most that a whole number may be."""
        least, most = (
            next((getattr(mark, name) for mark in self.info.metadata if isinstance(mark, kind)), None)
            for kind, name in ((Ge, "ge"), (Le, "le"))
        )
        return least, most

    @property
    def default(self) -> str:
        """Its default as somebody would set it; empty for none."""
        default: Any = self.info.default
        if self.required or default is None:
            return ""
        if isinstance(default, bool):
            return str(default).lower()
        if isinstance(default, tuple | frozenset):
            return ",".join(default)
        return f"{default:g}" if isinstance(default, float) else str(default)

    def missing(self) -> BadSetting:
        """Return what is said where it has to be set, and is not."""
        return BadSetting(self.mark.name, f"{self.mark.name} is not set, and has no default: expected {self.accepts}")

    def bad(self, text: str, reason: str) -> BadSetting:
        """Return what is said of a value that is not accepted; `reason` may repeat a part of it."""
        value = "" if self.mark.hidden else f" {redact(text)[:LONGEST]!r}, which is"
        so = f", {self.mark.otherwise}" if self.mark.otherwise else ""
        why = f" ({redact(reason)})" if reason and not self.mark.hidden else ""
        return BadSetting(self.mark.name, f"{self.mark.name} is{value} not valid{so}: expected {self.accepts}{why}")
