"""Artifacts: scripts and files that a template names by URL, and the blobs in the staging storage with their copies.

They are copied once for each version of a template, at submission; its runs share them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple
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
    from datetime import datetime

    from kiln.template.customizers import Customizer, Validator
    from kiln.template.models import ImageTemplate

CUSTOMIZE, VALIDATE, OPTIMIZE = "customize", "validate", "optimize"
"""The part of the template that an artifact belongs to."""

WORKLOAD_PATH = "properties.optimize.workload.scriptUri"
_PATHS = {CUSTOMIZE: "properties.customize", VALIDATE: "properties.validate.inVMValidations"}


class _Named(NamedTuple):
    property_path: str
    url: str
    checksum: str
    part: str
    step: int | None


def artifacts(template: ImageTemplate, version: int, made: datetime | None) -> tuple[ArtifactSpec, ...]:
    """Return the artifacts of a template's version, in the order of the template.

    `made` tells the template from earlier ones with the same name; None is for a plan that is only a preview.
    """
    return tuple(
        ArtifactSpec(
            url=shown(named.url),
            sha256=named.checksum.lower(),
            source=_digest(named, version, made),
            blob=names.artifact_blob(version, named.part, named.step),
            property_path=named.property_path,
            identity=template.identity.assigned,
        )
        for named in _named(template)
    )


def _digest(named: _Named, version: int, made: datetime | None) -> str:
    told = (made.isoformat() if made else "", str(version), named.property_path, named.url, named.checksum)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def artifact_urls(template: ImageTemplate) -> dict[str, str]:
    """Return the URL of each artifact by its property's path, as the template has it."""
    return {named.property_path: named.url for named in _named(template)}


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


def _named(template: ImageTemplate) -> Iterator[_Named]:
    """Yield the artifacts that the template names, in its order."""
    properties = template.properties
    for part, steps in ((CUSTOMIZE, properties.customize), (VALIDATE, properties.validation.in_vm_validations)):
        for index, step in enumerate(steps):
            if source := _source(step):
                member, url, checksum = source
                yield _Named(f"{step_path(part, index)}.{member}", url, checksum, part, index)
    workload = properties.optimize.workload
    if workload.state == "Enabled" and workload.script_uri:
        yield _Named(WORKLOAD_PATH, workload.script_uri, workload.sha256_checksum, OPTIMIZE, None)


def _source(step: Customizer | Validator) -> tuple[str, str, str] | None:
    """Return the property of a step that names its artifact, with the URL and checksum; None if there is none."""
    if isinstance(step, FileCustomizer | FileValidator):
        return "sourceUri", step.source_uri, step.sha256_checksum
    scripts = ShellCustomizer | PowerShellCustomizer | ShellValidator | PowerShellValidator
    if isinstance(step, scripts) and step.script_uri:
        return "scriptUri", step.script_uri, step.sha256_checksum
    return None
