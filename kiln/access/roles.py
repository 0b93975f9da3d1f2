"""The roles at Kiln, and the table of the least role that each action needs. Pure.

An endpoint says which action it is.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(IntEnum):
    """A role at Kiln. Each allows all actions of the roles before it."""

    READER = 1
    BUILDER = 2
    ADMIN = 3

    @staticmethod
    def parse(name: str) -> Role:
        """Return the role `Reader`, `Builder` or `Admin`. Raises `ValueError`."""
        for role in Role:
            if role.name.capitalize() == name:
                return role
        raise ValueError(f"{name!r} is not a role; expected Reader, Builder or Admin")


APP_ROLES: Mapping[str, Role] = {"Kiln.Reader": Role.READER, "Kiln.Builder": Role.BUILDER, "Kiln.Admin": Role.ADMIN}
"""The app roles of Kiln's registration in Entra ID, by their values in tokens; they count everywhere."""

LEAST: Mapping[str, Role] = {
    "operations/read": Role.READER,
    "locations/operations/read": Role.READER,
    "imageGraph/read": Role.READER,
    "events/read": Role.READER,
    "imageTemplates/read": Role.READER,
    "imageTemplates/versions/read": Role.READER,
    "imageTemplates/runOutputs/read": Role.READER,
    "imageTemplates/triggers/read": Role.READER,
    "imageTemplates/runs/read": Role.READER,
    "imageTemplates/runs/log/read": Role.READER,
    "imageTemplates/write": Role.BUILDER,
    "imageTemplates/run/action": Role.BUILDER,
    "imageTemplates/cancel/action": Role.BUILDER,
    "imageTemplates/runs/retry/action": Role.BUILDER,
    "imageTemplates/runOutputs/getAccess/action": Role.BUILDER,
    "imageTemplates/triggers/write": Role.BUILDER,
    "imageTemplates/triggers/delete": Role.BUILDER,
    "imageTemplates/delete": Role.ADMIN,
    "health/read": Role.ADMIN,
    "sweep/action": Role.ADMIN,
}
"""The least role that each action needs, by the action's name without the provider."""
