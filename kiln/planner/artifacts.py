"""Scripts and files that a template names by URL, and the blobs of the staging storage that they are taken into.

A version of a template takes them in once, at submission; its runs share them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.planner import names
from kiln.planner.staging import ArtifactSpec
from kiln.template.customizers import (
    FileCustomizer,
    FileValidator,
    PowerShellCustomizer,
    PowerShellValidator,
    ShellCustomizer,
    ShellValidator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.customizers import Customizer, Validator
    from kiln.template.models import ImageTemplate

CUSTOMIZE, VALIDATE, OPTIMIZE = "customize", "validate", "optimize"
"""Which part of the template an artifact belongs to."""

WORKLOAD_PATH = "properties.optimize.workload.scriptUri"
_PATHS = {CUSTOMIZE: "properties.customize", VALIDATE: "properties.validate.inVMValidations"}


def artifacts(template: ImageTemplate, version: int) -> tuple[ArtifactSpec, ...]:
    """Return the artifacts of a template's version, in the order of the template."""
    return tuple(_all(template, version))


def artifact_urls(template: ImageTemplate) -> dict[str, str]:
    """Return the whole URL of each artifact by its property's path. They may be signed: never store or show them."""
    properties, urls = template.properties, {}
    for part, steps in ((CUSTOMIZE, properties.customize), (VALIDATE, properties.validation.in_vm_validations)):
        for index, step in enumerate(steps):
            if source := _source(step):
                member, url, _ = source
                urls[f"{step_path(part, index)}.{member}"] = url
    return urls | {WORKLOAD_PATH: properties.optimize.workload.script_uri}


def shown(url: str) -> str:
    """Return a URL without what may be a secret: user, query and fragment, and all of a data URL's content."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "data":
        return "data:"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def step_path(part: str, index: int) -> str:
    """Return the path of a step within the template."""
    return f"{_PATHS[part]}[{index}]"


def step_blob(version: int, part: str, index: int, step: Customizer | Validator) -> str | None:
    """Return the blob of a step's artifact, if it has one."""
    return names.artifact_blob(version, part, index) if _source(step) else None


def _all(template: ImageTemplate, version: int) -> Iterator[ArtifactSpec]:
    properties, identity = template.properties, template.identity.assigned
    for part, steps in ((CUSTOMIZE, properties.customize), (VALIDATE, properties.validation.in_vm_validations)):
        for index, step in enumerate(steps):
            if source := _source(step):
                member, url, checksum = source
                yield ArtifactSpec(
                    url=shown(url),
                    sha256=checksum,
                    blob=names.artifact_blob(version, part, index),
                    property_path=f"{step_path(part, index)}.{member}",
                    identity=identity,
                )
    workload = properties.optimize.workload
    if workload.state == "Enabled" and workload.script_uri:
        yield ArtifactSpec(
            url=shown(workload.script_uri),
            sha256=workload.sha256_checksum,
            blob=names.artifact_blob(version, OPTIMIZE),
            property_path=WORKLOAD_PATH,
            identity=identity,
        )


def _source(step: Customizer | Validator) -> tuple[str, str, str] | None:
    """Return a step's member that names its artifact, with its URL and checksum."""
    if isinstance(step, FileCustomizer | FileValidator):
        return "sourceUri", step.source_uri, step.sha256_checksum
    scripts = ShellCustomizer | PowerShellCustomizer | ShellValidator | PowerShellValidator
    if isinstance(step, scripts) and step.script_uri:
        return "scriptUri", step.script_uri, step.sha256_checksum
    return None
