"""What every part of the template language is made of: the base model, since when a property exists, and common texts.

It knows no property of AIB by name; it must not know how problems are worded for a person.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """Base of the language: camelCase on the wire, unknown and mis-cased fields refused, immutable."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )


@dataclass(frozen=True)
class Since:
    """Marks a property with the first stable api-version that has it; `None` marks one that only Kiln has."""

    api_version: str | None


def broken(code: str, message: str) -> PydanticCustomError:
    """Return the error of a broken rule: `code` is AIB's provisioning error code, `message` says what is due."""
    return PydanticCustomError(code, "{rule}", {"rule": message})


@dataclass(frozen=True)
class ArmId:
    """Marks a text as the ARM id of a resource of one of `types`; references.py checks it.

    A body with another text still has AIB's shape: it is taken, and its template then fails with a provisioning error.
    """

    types: tuple[str, ...]
    code: str = "Other"

    def matches(self, value: str) -> bool:
        """Whether `value` is such an id, in any case."""
        return any(_pattern(type_).fullmatch(value) for type_ in self.types)


@functools.cache
def _pattern(type_: str) -> re.Pattern[str]:
    if type_ == RESOURCE_GROUP:
        return re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
    provider, *types = type_.split("/")
    names = "".join(rf"/{re.escape(part)}/[^/]+" for part in types)
    group = r"/subscriptions/[^/]+/resourceGroups/[^/]+"
    return re.compile(rf"{group}/providers/{re.escape(provider)}{names}", re.IGNORECASE)


RESOURCE_GROUP = "Microsoft.Resources/resourceGroups"
NonEmpty = Annotated[str, StringConstraints(min_length=1)]
RunOutputName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-_.]{1,64}$")]
Checksum = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
"""SHA-256 in lower-case hexadecimal digits, or nothing for unchecked (Microsoft's image-builder-json)."""

IdentityId = Annotated[str, ArmId(("Microsoft.ManagedIdentity/userAssignedIdentities",))]
SubnetId = Annotated[str, ArmId(("Microsoft.Network/virtualNetworks/subnets",))]
