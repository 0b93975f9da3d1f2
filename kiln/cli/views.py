"""Views of the API's answers: runs, phases, outputs, templates.

It parses answers, and ignores members that a newer API adds; it knows neither HTTP nor screens.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from kiln.errors import ErrorDetail
from kiln.secret import Secret

PHASES = (
    "plan",
    "stage",
    "provision",
    "customize",
    "optimize",
    "generalize",
    "validate",
    "capture",
    "distribute",
    "clean up",
)
NOT_ALWAYS = frozenset({"optimize", "validate"})
"""Phases that a run has only if its template asks for them."""
SUBMITTING = frozenset({"Creating", "Updating"})
UNDER_WAY = frozenset({"Running", "Canceling"})


def error_detail(body: Any) -> ErrorDetail | None:
    """Return an ARM error (`{code, message, target, details, hint}`) as data, or None if `body` is not one."""
    if not isinstance(body, dict) or not (body.get("code") or body.get("message")):
        return None
    nested = (error_detail(item) for item in body.get("details") or ())
    return ErrorDetail(
        code=str(body.get("code") or "Error"),
        message=str(body.get("message") or ""),
        target=str(body["target"]) if body.get("target") else None,
        details=tuple(item for item in nested if item),
        hint=str(body["hint"]) if body.get("hint") else None,
    )


ArmError = Annotated[ErrorDetail | None, BeforeValidator(error_detail)]


class View(BaseModel):
    """Base of the API's answers: camelCase on the wire, unknown members ignored."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", validate_by_name=True)


class PhaseView(View):
    """One phase of a run; `note` is one line about its progress, `error` says why it failed, wholly or in part."""

    name: str
    state: str
    start_time: datetime
    end_time: datetime | None = None
    note: str | None = None
    error: ArmError = None


class OutputView(View):
    """The output of one target of a run: an image, or the error because of which there is none."""

    name: str
    kind: str
    artifact_id: str | None = None
    artifact_uri: str | None = None
    regions: tuple[str, ...] = ()
    error: ArmError = None


class RunView(View):
    """One run of a template; `id` is the run id, not the ARM id."""

    id: str
    run_state: str
    run_sub_state: str | None = None
    start_time: datetime
    end_time: datetime | None = None
    message: str | None = None
    error: ArmError = None
    phases: tuple[PhaseView, ...] = ()
    outputs: tuple[OutputView, ...] = ()
    source_version: str | None = None
    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    retry_of: str | None = None

    @staticmethod
    def parse(resource: dict[str, Any]) -> RunView:
        """Return the run that an ARM resource `{id, name, type, properties}` describes."""
        return RunView.model_validate({**resource["properties"], "id": resource["name"]})

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.run_state not in UNDER_WAY

    def elapsed(self, now: datetime) -> float:
        """Return how long the run has taken, or took, in seconds."""
        return ((self.end_time or now) - self.start_time).total_seconds()


class LastRun(View):
    """A template's `lastRunStatus`."""

    run_state: str
    run_sub_state: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    message: str | None = None


class ProvisioningErrorView(View):
    """The reason why a template's submission failed; the code is one of Image Builder's."""

    provisioning_error_code: str = "Other"
    message: str = ""


class TemplateView(View):
    """The properties of a template that the command shows; `provisioning_state` is the state of its submission."""

    name: str
    location: str
    provisioning_state: str = "Succeeded"
    provisioning_error: ProvisioningErrorView | None = None
    last_run_status: LastRun | None = None
    exact_staging_resource_group: str | None = None

    @staticmethod
    def parse(resource: dict[str, Any]) -> TemplateView:
        """Return the template that an ARM resource describes."""
        return TemplateView.model_validate({**resource, **resource.get("properties", {})})

    @property
    def is_over(self) -> bool:
        """Whether the template's submission has ended."""
        return self.provisioning_state not in SUBMITTING


class TemplateOutput(View):
    """One of a template's latest outputs (`runOutputs`)."""

    name: str
    artifact_id: str | None = None
    artifact_uri: str | None = None

    @staticmethod
    def parse(resource: dict[str, Any]) -> TemplateOutput:
        """Return the output that an ARM resource describes."""
        return TemplateOutput.model_validate({**resource.get("properties", {}), "name": resource["name"]})


class Access(View):
    """Time-limited access to an output's blob: a signed URL."""

    access_sas: Secret
    expires_on: datetime | None = None

    model_config = ConfigDict(
        alias_generator=lambda name: {"access_sas": "accessSAS"}.get(name, to_camel(name)),
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )


class LogChunk(View):
    """A part of a run's log, and the offset in bytes to go on from."""

    content: bytes
    next_offset: int
    run_state: str
