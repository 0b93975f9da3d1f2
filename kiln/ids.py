"""ARM ids: parse, compare and build them. ARM compares ids without regard to case; so does everything here.

Digests, which stand for long ids in short names, are here, too.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from pydantic import BaseModel, ConfigDict

PROVIDER = "Microsoft.VirtualMachineImages"
_TEMPLATE = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    rf"/providers/{re.escape(PROVIDER)}/imageTemplates/(?P<name>[^/]+)$",
    re.IGNORECASE,
)


class TemplateId(BaseModel):
    """An image template's id in its parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subscription: str
    group: str
    name: str

    @property
    def arm(self) -> str:
        """The whole ARM id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/{PROVIDER}/imageTemplates/{self.name}"
        )

    @property
    def key(self) -> str:
        """The template's path in the store: `subscription/group/name` in lower case."""
        return f"{self.subscription}/{self.group}/{self.name}".lower()

    @staticmethod
    def parse(arm_id: str) -> TemplateId:
        """Return the parts of `arm_id`. Raises `ValueError` for an id of another kind."""
        match = _TEMPLATE.match(arm_id)
        if match is None:
            raise ValueError(f"not an image template's id: {arm_id}")
        return TemplateId(**match.groupdict())


class RunRef(BaseModel):
    """One run of one template."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: TemplateId
    run_id: str


class SubmissionRef(BaseModel):
    """The submission of one version of a template.

    `made` is when the template was made: it tells the template from earlier ones with the same name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: TemplateId
    made: datetime
    version: int


Owner = RunRef | SubmissionRef
"""The run, or the submission of a template's version, on whose behalf something is made."""


def group_id(subscription: str, group: str) -> str:
    """Return a resource group's ARM id."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def resource_id(subscription: str, group: str, kind: str, *names: str) -> str:
    """Return a resource's ARM id; `kind` is `Provider/type[/childType...]`, with one name for each type."""
    provider, *types = kind.split("/")
    pairs = "/".join(f"{type_}/{name}" for type_, name in zip(types, names, strict=True))
    return f"{group_id(subscription, group)}/providers/{provider}/{pairs}"


def name_of(arm_id: str) -> str:
    """Return the last name in an ARM id."""
    return arm_id.rstrip("/").rsplit("/", 1)[-1]


def part_of(arm_id: str, type_: str) -> str:
    """Return the name that follows `type_` in an ARM id (`resourceGroups`, `galleries`, ...), without regard to case.

    Types and names alternate, so a name that is spelled like a type is not taken for one. Raises `ValueError` if the id
    has no such part.
    """
    parts = arm_id.strip("/").split("/")
    for kind, name in zip(parts[::2], parts[1::2], strict=False):
        if kind.lower() == type_.lower():
            return name
    raise ValueError(f"{arm_id} has no {type_}")


def region_name(name: str) -> str:
    """Return a region's name as it is in ids and URLs: `West Europe` becomes `westeurope`."""
    return name.replace(" ", "").lower()


def plain_version(version: str) -> str:
    """Return a version with its numbers as they are written without leading zeros; other texts are as they are.

    Azure orders versions by their numbers, so that two that differ in leading zeros alone are never told apart by it.
    """
    return ".".join(str(int(part)) if part.isascii() and part.isdigit() else part for part in version.split("."))


def digest(*parts: str, length: int = 16) -> str:
    """Return a short digest of the parts, for names and ids: hex digits of their SHA-256."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:length]
