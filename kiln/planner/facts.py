"""What a plan needs to know of the world before it can be made: gathered by one activity, then only data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DefinitionFacts(BaseModel):
    """A gallery image definition: its own region and the versions that it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    location: str
    versions: tuple[str, ...] = ()


class Facts(BaseModel):
    """The exact version that the source's `version` means today, and the targets' definitions by image id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_version: str
    definitions: dict[str, DefinitionFacts] = Field(default_factory=dict)
