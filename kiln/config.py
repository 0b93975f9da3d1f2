"""Where Kiln's Azure is and how the app signs in: read once from the environment, then frozen.

| variable | default | meaning |
|---|---|---|
| `KILN_STATE_ENDPOINT` | none, required | blob endpoint of the account that holds templates and run records |
| `KILN_ARM_ENDPOINT` | `https://management.azure.com` | Azure Resource Manager |
| `KILN_ARM_SCOPE` | `https://management.azure.com/.default` | the scope of its tokens |
| `AZURE_CLIENT_ID` | none | client id of the app's user-assigned identity; unset means the system-assigned one |
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential


class Missing(LookupError):
    """A required setting is not in the environment."""


class Config(BaseModel):
    """The settings of one process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state_endpoint: str
    arm_endpoint: str = "https://management.azure.com"
    arm_scope: str = "https://management.azure.com/.default"
    client_id: str | None = None

    @staticmethod
    def read(environment: dict[str, str]) -> Config:
        """Return the settings in `environment`. Raises `Missing` that names what is not there."""
        try:
            state = environment["KILN_STATE_ENDPOINT"]
        except KeyError:
            raise Missing("setting KILN_STATE_ENDPOINT is missing and has no default") from None
        given = {
            "arm_endpoint": environment.get("KILN_ARM_ENDPOINT"),
            "arm_scope": environment.get("KILN_ARM_SCOPE"),
            "client_id": environment.get("AZURE_CLIENT_ID"),
        }
        return Config(state_endpoint=state.rstrip("/"), **{name: value for name, value in given.items() if value})


@functools.cache
def config() -> Config:
    """Return this process's settings."""
    return Config.read(dict(os.environ))


@functools.cache
def credential() -> ManagedIdentityCredential:
    """Return the app's managed identity, asked for tokens lazily."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=config().client_id)
