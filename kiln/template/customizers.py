"""Customizers and validators, in AIB's shapes.

It owns the rules of each step; whether a step suits the image's operating system is checked once the source is known.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from kiln.template.base import (
    ArtifactUrl,
    Checksum,
    Flag,
    Form,
    Int32,
    Model,
    NonEmpty,
    Since,
    Tags,
    broken,
)

_DURATION = "[1-9][0-9]{0,5}[smh]"
Duration = Annotated[str, Form(_DURATION, "a number and a unit: 90s, 5m, 2h")]
"""A number and a unit: `90s`, `5m`, `2h`."""

Destination = Annotated[
    NonEmpty,
    Form(
        r"(?![\s\S]*[\x00-\x1f\x7f])(?![\s\S]{1025})(?!(.*[\\/])?\.\.?([\\/]|$))"
        r"(/(?![\\/]).*[^/]|/[^\\/]|[A-Za-z]:[\\/].*[^\\/])",
        "the absolute path of a file, of Linux or of Windows, without '..', control characters or a server's name",
        at_once=True,
        cases=(
            (r"(.*[\\/])?\.{0,2}|[A-Za-z]:", "this is the path of a directory; add the file's name"),
            (r"~.*", "~ does not stand for a home directory here, as the file is written as root or SYSTEM"),
            (r"[A-Za-z]:[^\\/].*|[^\\/]*|[^\\/:]+[\\/].*", "this path is relative"),
        ),
    ),
]
"""The destination of a file: path and file name, as AIB's reference demands ("File customizer") and Packer's file
provisioner advises, which makes up file names in a directory. AIB takes only /tmp on Linux; Kiln writes as root, so any
path is possible. kiln.planner.fit, which knows the source's system, checks the rules of Windows for names."""


class _Script(Model):
    """A script, given by exactly one of `inline` lines and a `scriptUri`."""

    no_script: ClassVar[str]

    name: str = ""
    inline: tuple[str, ...] | None = None
    script_uri: ArtifactUrl | None = Field(default=None, validate_default=True)
    sha256_checksum: Checksum = ""

    @field_validator("script_uri")
    @classmethod
    def _exactly_one_script(cls, script_uri: str | None, info: ValidationInfo) -> str | None:
        if "inline" in info.data and bool(info.data["inline"]) == bool(script_uri):
            raise broken(cls.no_script, "expected exactly one of inline (a list of lines) and scriptUri", whole=True)
        return script_uri


class _Shell(_Script):
    type: Literal["Shell"]


class _PowerShell(_Script):
    type: Literal["PowerShell"]
    run_elevated: Flag = False
    run_as_system: Flag = False
    valid_exit_codes: tuple[Int32, ...] = ()

    @field_validator("run_as_system")
    @classmethod
    def _system_is_elevated(cls, run_as_system: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's form
        if run_as_system and info.data.get("run_elevated") is False:
            raise broken("Other", "expected runElevated to be true as well when runAsSystem is")
        return run_as_system


class _File(Model):
    name: str = ""
    source_uri: Annotated[ArtifactUrl, StringConstraints(min_length=1)]
    sha256_checksum: Checksum = ""
    destination: Destination


class ShellCustomizer(_Shell):
    """A shell script on Linux, run as root; inline lines are run by `/bin/sh -e`."""

    section = "shell-customizer"
    no_script = "NoCustomizerScript"


class PowerShellCustomizer(_PowerShell):
    """A PowerShell script on Windows. Without `validExitCodes`, only 0 counts as success."""

    section = "powershell-customizer"
    no_script = "NoCustomizerScript"


class FileCustomizer(_File):
    """A file, fetched from `sourceUri` and written to `destination` in the machine."""

    section = "file-customizer"

    type: Literal["File"]


class WindowsRestartCustomizer(Model):
    """A restart of Windows. Empty texts mean the defaults; `restartTimeout` is a number and a unit, `5m` by default."""

    section = "windows-restart-customizer"

    type: Literal["WindowsRestart"]
    name: str = ""
    restart_command: str = ""
    restart_check_command: str = ""
    restart_timeout: Annotated[str, Form(f"({_DURATION})?", "a number and a unit: 90s, 5m, 2h")] = ""


class WindowsUpdateCustomizer(Model):
    """Windows updates, in rounds with restarts, until none is left. `updateLimit` is for each round; 0 means 1000."""

    section = "windows-update-customizer"

    type: Literal["WindowsUpdate"]
    name: str = ""
    search_criteria: str = ""
    filters: tuple[str, ...] = ()
    update_limit: Annotated[Int32, Field(ge=0)] = 0


class RestartCustomizer(Model):
    """A restart of any operating system, Kiln's own, with an optional check afterwards that must end with 0."""

    section = "docs/compatibility.md#propertiescustomize-restart"

    type: Annotated[Literal["Restart"], Since(None)]
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
    Tags("BadCustomizerType", "UnsupportedCustomizerType"),
]


class ShellValidator(_Shell):
    """A shell script that tests a machine made from the image."""

    no_script = "NoValidatorScript"


class PowerShellValidator(_PowerShell):
    """A PowerShell script that tests a machine made from the image."""

    no_script = "NoValidatorScript"


class FileValidator(_File):
    """A file that later validators need in the machine."""

    type: Annotated[Literal["File"], Since("2022-07-01")]


Validator = Annotated[
    ShellValidator | PowerShellValidator | FileValidator,
    Field(discriminator="type"),
    Tags("BadValidatorType", "UnsupportedValidatorType"),
]


class Validate(Model):
    """The validators of the image before it is distributed, or, with `sourceValidationOnly`, of its source."""

    section = "properties-validate"

    continue_distribute_on_failure: Flag = False
    source_validation_only: Flag = False
    in_vm_validations: tuple[Validator, ...] = Field(default=(), alias="inVMValidations")
