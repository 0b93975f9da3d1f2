"""What is done to an image, and how a finished one is tested: customizers and in-VM validators, in AIB's shapes.

It owns the per-step rules; whether a step suits the image's operating system shows when the source is known.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kiln.template.base import Checksum, Model, NonEmpty, Since, broken

Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}[smh]$")]
"""A number and a unit: `90s`, `5m`, `2h`."""


class _Script(Model):
    """A script: exactly one of `inline` lines and a `scriptUri`."""

    name: str = ""
    inline: tuple[str, ...] | None = None
    script_uri: str | None = None
    sha256_checksum: Checksum = ""


class _Shell(_Script):
    type: Literal["Shell"]


class _PowerShell(_Script):
    type: Literal["PowerShell"]
    run_elevated: bool = False
    run_as_system: Annotated[bool, Since("2021-10-01")] = False
    valid_exit_codes: tuple[int, ...] = ()


class _File(Model):
    type: Literal["File"]
    name: str = ""
    source_uri: NonEmpty
    sha256_checksum: Checksum = ""
    destination: NonEmpty


class ShellCustomizer(_Shell):
    """A shell script on Linux, run as root by `/bin/sh -e` when it is inline."""

    @model_validator(mode="after")
    def _exactly_one_script(self) -> ShellCustomizer:
        _check_script(self, "NoCustomizerScript")
        return self


class PowerShellCustomizer(_PowerShell):
    """A PowerShell script on Windows. No `validExitCodes` means 0 alone."""

    @model_validator(mode="after")
    def _rules(self) -> PowerShellCustomizer:
        _check_script(self, "NoCustomizerScript")
        _check_elevation(self)
        return self


class FileCustomizer(_File):
    """One file, fetched from `sourceUri` and put at `destination` in the machine."""


class WindowsRestartCustomizer(Model):
    """A restart of Windows; empty texts mean the defaults. `restartTimeout` is a number and a unit, `5m` by default."""

    type: Literal["WindowsRestart"]
    name: str = ""
    restart_command: str = ""
    restart_check_command: str = ""
    restart_timeout: Duration | Literal[""] = ""


class WindowsUpdateCustomizer(Model):
    """Windows updates, in rounds with restarts until none is left. `updateLimit` is per round; 0 means 1000."""

    type: Literal["WindowsUpdate"]
    name: str = ""
    search_criteria: str = ""
    filters: tuple[str, ...] = ()
    update_limit: Annotated[int, Field(ge=0)] = 0


class RestartCustomizer(Model):
    """Kiln's own: a restart of any operating system, with an optional check that must end with 0 afterwards."""

    type: Literal["Restart"]
    name: str = ""
    check_command: str = ""
    timeout: Duration = "10m"


Customizer = Annotated[
    ShellCustomizer
    | PowerShellCustomizer
    | FileCustomizer
    | WindowsRestartCustomizer
    | WindowsUpdateCustomizer
    | RestartCustomizer,
    Field(discriminator="type"),
]


class ShellValidator(_Shell):
    """A shell script in a machine made from the image."""

    @model_validator(mode="after")
    def _exactly_one_script(self) -> ShellValidator:
        _check_script(self, "NoValidatorScript")
        return self


class PowerShellValidator(_PowerShell):
    """A PowerShell script in a machine made from the image."""

    @model_validator(mode="after")
    def _rules(self) -> PowerShellValidator:
        _check_script(self, "NoValidatorScript")
        _check_elevation(self)
        return self


class FileValidator(_File):
    """A file that later validators need in the machine (since 2022-07-01)."""


Validator = Annotated[ShellValidator | PowerShellValidator | FileValidator, Field(discriminator="type")]


class Validate(Model):
    """How the image is tested before it is distributed, or, with `sourceValidationOnly`, how its source is."""

    continue_distribute_on_failure: bool = False
    source_validation_only: bool = False
    in_vm_validations: Annotated[tuple[Validator, ...], Field(alias="inVMValidations")] = Field(
        default=(), alias="inVMValidations"
    )


def _check_script(script: _Script, code: str) -> None:
    if bool(script.inline) == bool(script.script_uri):
        raise broken(code, "expected exactly one of inline (a list of lines) and scriptUri")


def _check_elevation(script: _PowerShell) -> None:
    if script.run_as_system and not script.run_elevated:
        raise broken("Other", "expected runElevated to be true as well when runAsSystem is")
