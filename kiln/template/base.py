"""The base of the template language: the base model, the marks of properties, and common types of texts.

It knows no property of AIB by name, and not how problems are worded for a person.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from kiln.template.hosts import wrong_place

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class Model(BaseModel):
    """Base of all models: camelCase on the wire, unknown and mis-cased fields refused, immutable.

    `code` is AIB's provisioning error code for problems in it. `section` has its rules: an anchor of Microsoft's
    image-builder-json, or another page, as a URL, or as `docs/` and a page of Kiln's own; `own_rules` has those of its
    properties that only Kiln has. `read_only` are the members that Azure returns and ignores when they are sent,
    `nullable` the properties in which null is more than nothing (of a merge patch), `unknown` is a hint for a property
    that it does not have.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    code: ClassVar[str] = "Other"
    section: ClassVar[str] = ""
    own_rules: ClassVar[str] = "docs/compatibility.md"
    read_only: ClassVar[frozenset[str]] = frozenset()
    nullable: ClassVar[frozenset[str]] = frozenset()
    unknown: ClassVar[str] = ""


@dataclass(frozen=True)
class Since:
    """Marks a property with the first stable api-version that has it; `None` marks a property that only Kiln has.

    With `value`, a pattern, the property itself is older, and only texts that match are that new.
    """

    api_version: str | None
    value: str | None = None

    def applies(self, value: object) -> bool:
        """Whether `value` needs the api-version."""
        if self.value is None:
            return True
        return isinstance(value, str) and re.fullmatch(self.value, value, re.IGNORECASE) is not None


@dataclass(frozen=True)
class RequiredBefore:
    """Marks a property that is required in every api-version before this one."""

    api_version: str


@dataclass(frozen=True)
class Tags:
    """Marks a union with AIB's codes for an unknown type, and for a type that the api-version does not have."""

    bad: str
    unsupported: str


@dataclass(frozen=True)
class See:
    """Marks a property with the section with its rules, in the form of `Model.section`."""

    section: str


PARTIAL = "partial"
"""The validation context of an object that is to be merged into another: rules between its properties have to wait."""


def broken(code: str, message: str, *, whole: bool = False) -> PydanticCustomError:
    """Return the error of a broken rule: `code` is AIB's provisioning error code, `message` says what is expected.

    With `whole` the error is at the object that the property is in, rather than at the property.
    """
    return PydanticCustomError(code, "{rule}", {"rule": message, "whole": whole})


@dataclass(frozen=True)
class Form:
    """Marks a text that has to have a form.

    A text of another form is refused `at_once`, or else accepted, as AIB does, and then fails its template with a
    provisioning error. `cases` are patterns of wrong texts, each with a more exact message.
    """

    pattern: str
    expected: str
    code: str = "Other"
    at_once: bool = False
    cases: tuple[tuple[str, str], ...] = ()

    def wrong(self, value: str) -> str | None:
        """Return what is wrong with `value`, or None if it has the form."""
        if re.fullmatch(self.pattern, value):
            return None
        more = next((f": {words}" for pattern, words in self.cases if re.fullmatch(pattern, value)), "")
        return f"expected {self.expected}{more}"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the form to the JSON Schema, for editors."""
        return {**handler(schema), "pattern": f"^({self.pattern})$"}


@dataclass(frozen=True)
class ArmId:
    """Marks a text as the ARM id of a resource of one of `types`; like a `Form` that is never refused at once."""

    types: tuple[str, ...]
    code: str = "Other"
    may_be_empty: bool = False

    def matches(self, value: str) -> bool:
        """Whether `value` is such an id, compared without case, or empty if that is allowed."""
        return (self.may_be_empty and not value) or any(_pattern(type_).fullmatch(value) for type_ in self.types)


@dataclass(frozen=True)
class Region:
    """Marks a text as the name of an Azure region; a text that cannot be one is refused at once.

    Resource Manager compares regions without case and spaces, so that their display names, such as West Europe, are
    names, too (the `displayName` and `name` of "Subscriptions - List Locations").
    """

    code: str = "Other"

    def wrong(self, value: str) -> str | None:
        """Return what is wrong with `value`, or None if it can be a region's name."""
        if _REGION.fullmatch(value):
            return None
        return "expected the name of an Azure region, such as westeurope or West Europe: letters, digits and spaces"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the form to the JSON Schema, for editors."""
        return {**handler(schema), "pattern": f"^({_REGION.pattern})$"}


@dataclass(frozen=True)
class Url:
    """Marks a text as a URL of one of `schemes`; a text that cannot be one is refused at once.

    An empty text is not checked here. With `written` it is the URL that an image is written to.
    """

    schemes: tuple[str, ...]
    code: str = "Other"
    written: bool = False

    def matches(self, value: str) -> bool:
        """Whether `value` is such a URL."""
        return bool(value) and self.wrong(value) is None

    def wrong(self, value: str) -> str | None:
        """Return what is wrong with `value`, or None if it can be such a URL."""
        if not value:
            return None
        expected = f"expected a URL that begins with {' or '.join(self.schemes)}:"
        try:
            parts = urlsplit(value)
            if parts.scheme.lower() not in self.schemes or re.search(r"[\s\x00-\x1f]", value):
                return f"{expected} and has no space in it"
            if parts.scheme.lower() == "data":
                return None if _DATA.fullmatch(value.partition(":")[2]) else f"{expected} with a comma before the data"
            return wrong_place(parts)
        except ValueError:  # half an IPv6 address
            return expected


def up_to(largest: int) -> str:
    """Return a pattern for the decimal numbers from 0 to `largest` in ASCII, without leading zeros."""
    digits = str(largest)
    below = (
        f"{digits[:at]}[{1 if at == 0 else 0}-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if int(digit) > (at == 0)
    )
    return "|".join(("0", f"[1-9][0-9]{{0,{len(digits) - 2}}}", *below, digits))


@functools.cache
def _pattern(type_: str) -> re.Pattern[str]:
    group = f"{_word('/subscriptions/')}{_NAME}{_word('/resourceGroups/')}{_NAME}"
    if type_ == RESOURCE_GROUP:
        return re.compile(group)
    provider, *types = type_.split("/")
    names = "".join(f"{_word(f'/{part}/')}{_NAME}" for part in types)
    return re.compile(f"{group}{_word(f'/providers/{provider}')}{names}")


def _word(text: str) -> str:
    """Return a pattern for ASCII text in any case; without the flag `a`, the Kelvin sign would match a k."""
    return f"(?ai:{re.escape(text)})"


_NAME = r"(?!\.+(?:/|$))[\w.()-]+"
"""A resource's name in an id: not `..`, and nothing that a client or a server could read as more than a name."""

_REGION = re.compile(r"[A-Za-z][A-Za-z0-9 ]{0,63}")
_DATA = re.compile(r"[^,\s]*,\S*")
RESOURCE_GROUP = "Microsoft.Resources/resourceGroups"
VERSIONS = "".join(f"[{letter}{letter.upper()}]" for letter in "versions")
"""The segment `versions` of an id in any case, as a pattern that JSON Schema has, too."""
_PART = f"(?![0-9]{{11}})0*(?:{up_to(2**31 - 1)})"
GALLERY_VERSION = rf"{_PART}\.{_PART}\.{_PART}"
"""MAJOR.MINOR.PATCH: "32-bit integers" (Microsoft's azure-compute-gallery, "Image versions").

Azure takes leading zeros, and keeps them in the name: its AKS has gallery versions such as `2022.10.03` and
`202401.09.0` (Azure/karpenter-provider-azure, Azure/AgentBaker). Terraform's azurerm takes ten digits at most.
"""
Flag = Annotated[bool, Strict()]
Int32 = Annotated[int, Strict(), Field(ge=-(2**31), le=2**31 - 1)]
"""A whole number as in Microsoft's API definitions; a string or a fraction is not accepted for one."""

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
RunOutputName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-_.]{1,64}$")]
Checksum = Annotated[str, Form("([0-9A-Fa-f]{64})?", "the SHA-256 checksum in 64 hexadecimal digits, or nothing")]
"""SHA-256 in hexadecimal digits, or an empty text for no check (Microsoft's image-builder-json, which has lower case).

PowerShell's Get-FileHash writes upper case. The template keeps what was sent; a plan has lower case.
"""

PathPart = Annotated[
    NonEmpty,
    Form(
        r"(?!\.+$)[A-Za-z0-9._-]{1,128}",
        "letters, digits, '.', '-' and '_', and not dots alone",
        at_once=True,
    ),
]
"""A name that Kiln puts into the path of a request to Azure. The SDK quotes a slash there, but leaves a part of dots
alone as it is, which would then name another resource (RFC 3986 section 5.2.4)."""

ArtifactUrl = Annotated[str, Url(("https", "http", "data"))]
"""The URL of a script or file: public, of a blob (by SAS or by the template's identity), or with the data in it."""

RegionName = Annotated[NonEmpty, Region()]
IdentityId = Annotated[str, ArmId(("Microsoft.ManagedIdentity/userAssignedIdentities",))]
SubnetId = Annotated[str, ArmId(("Microsoft.Network/virtualNetworks/subnets",), may_be_empty=True)]
