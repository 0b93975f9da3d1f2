"""What each role may do: one table from an action to the least role that has it. Pure.

It owns the table; which action a route is, its endpoint says.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(IntEnum):
    """Each role has all that the ones before it have."""

    READER = 1
    BUILDER = 2
    ADMIN = 3

    @staticmethod
    def parse(name: str) -> Role:
        """Return the role `Reader`, `Builder` or `Admin`. Raises `ValueError`."""
        for role in Role:
            if role.name.capitalize() == name:
                return role
        raise ValueError(f"{name!r} is no role; expected Reader, Builder or Admin")


APP_ROLES: Mapping[str, Role] = {"Kiln.Reader": Role.READER, "Kiln.Builder": Role.BUILDER, "Kiln.Admin": Role.ADMIN}
"""The values of the app roles of Kiln's registration in Entra ID; these hold everywhere."""

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
"""The least role for each action, by its name below the provider."""
