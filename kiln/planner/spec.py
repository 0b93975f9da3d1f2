"""The base of a plan's parts: data that is stored in histories, and so holds no secret."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Base of the plan's parts: exact and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)
