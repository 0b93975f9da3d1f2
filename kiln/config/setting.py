"""The description of a setting for people: its name, purpose and accepted values, and the message about a bad one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotated_types import Ge, Le

from kiln.redact import redact

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

LONGEST = 100
"""Most characters of a value that a message repeats."""


@dataclass(frozen=True)
class Setting:
    """The annotation of a field that is a setting: its name in the environment, and its purpose in one sentence.

    The app does not work with a bad value, unless there is an `otherwise`: then the default counts, and `otherwise`
    says what follows from that. `unset` says what holds without a value, where the default does not say it. A `hidden`
    setting may hold a secret or the names of others' resources, so no message repeats its value. A `platform` setting
    is made by App Service itself, never by a deployment.
    """

    name: str
    meaning: str
    unset: str = ""
    otherwise: str = ""
    hidden: bool = False
    platform: bool = False


@dataclass(frozen=True)
class Accepts:
    """The annotation of a kind of settings that describes the texts it accepts, for people."""

    what: str


@dataclass(frozen=True)
class BadSetting:
    """A setting whose value is missing or not valid. The message begins with its name."""

    name: str
    message: str


class SettingsInvalid(ValueError):
    """Settings without which the app cannot work are missing, or not valid."""

    def __init__(self, bad: tuple[BadSetting, ...]) -> None:
        super().__init__("; ".join(each.message for each in bad))


@dataclass(frozen=True)
class AppSetting:
    """One setting of the model: the name of its field, its annotation, and pydantic's description of the field."""

    field: str
    mark: Setting
    info: FieldInfo

    @property
    def required(self) -> bool:
        """Whether the setting has no default and therefore must be set."""
        return self.info.is_required()

    @property
    def accepts(self) -> str:
        """The accepted values in words: those of its kind, or the bounds of a whole number."""
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
        """The default in the form in which somebody would set it; empty if there is none."""
        default: Any = self.info.default
        if self.required or default is None:
            return ""
        if isinstance(default, bool):
            return str(default).lower()
        if isinstance(default, tuple | frozenset):
            return ",".join(default)
        return f"{default:g}" if isinstance(default, float) else str(default)

    def missing(self) -> BadSetting:
        """Return the problem of a required setting that is not set."""
        return BadSetting(self.mark.name, f"{self.mark.name} is not set, and has no default: expected {self.accepts}")

    def bad(self, text: str, reason: str) -> BadSetting:
        """Return the problem of a value that is not valid; `reason` may repeat a part of the value."""
        value = "" if self.mark.hidden else f" {redact(text)[:LONGEST]!r}, which is"
        so = f", {self.mark.otherwise}" if self.mark.otherwise else ""
        why = f" ({redact(reason)})" if reason and not self.mark.hidden else ""
        return BadSetting(self.mark.name, f"{self.mark.name} is{value} not valid{so}: expected {self.accepts}{why}")
