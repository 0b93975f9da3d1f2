"""Where Kiln's Azure is and how the app signs in: read once from the environment, then frozen.

| variable | default | meaning |
|---|---|---|
| `KILN_STATE_ENDPOINT` | none, required | blob endpoint of the account that holds templates and run records |
| `KILN_ARM_ENDPOINT` | `https://management.azure.com` | Azure Resource Manager |
| `KILN_ARM_SCOPE` | `https://management.azure.com/.default` | the scope of its tokens |
| `KILN_ARTIFACT_LIMIT_MB` | `4096` | the largest script or file that a template may name, in MiB |
| `KILN_BLOB_SUFFIXES` | `.blob.core.windows.net` | hosts of Azure Storage, which alone get tokens of identities: \
ends of host names with a leading dot, or whole `host:port`, comma-separated |
| `KILN_PRIVATE_ARTIFACTS` | none | servers of scripts and files that may have private addresses: hosts, `host:port`, \
ends of host names with a leading dot, or networks such as `10.1.0.0/16`, comma-separated |
| `KILN_PUBLIC_HOST` | none | host (and port) by which clients reach Kiln over https behind a front end of one's own; \
unset means the host that they asked |
| `KILN_TOPIC_ENDPOINT` | none | the Event Grid topic (CloudEvents) for Kiln's announcements; unset means none |
| `KILN_REBUILD_CONCURRENCY` | `10` | how many builds that new source images lead to are going at once |
| `KILN_HISTORY_DAYS` | `30` | how long histories of orchestrations that are over are kept, in days; 0: for ever |
| `KILN_RETENTION_DAYS` | `90` | how long runs that are over (with logs) and operations are kept, in days; 0: for ever |
| `AZURE_CLIENT_ID` | none | client id of the app's user-assigned identity; unset means the system-assigned one |
"""

from __future__ import annotations

import functools
import ipaddress
import os
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential


class Missing(LookupError):
    """A required setting is not in the environment."""


class Invalid(ValueError):
    """A setting in the environment cannot be understood."""


class Config(BaseModel):
    """The settings of one process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state_endpoint: str
    arm_endpoint: str = "https://management.azure.com"
    arm_scope: str = "https://management.azure.com/.default"
    client_id: str | None = None
    topic_endpoint: str | None = None
    artifact_limit_mb: int = Field(default=4096, ge=1)
    rebuild_concurrency: int = Field(default=10, ge=1)
    history_days: int = Field(default=30, ge=0, le=36500)
    retention_days: int = Field(default=90, ge=0, le=36500)
    blob_suffixes: tuple[str, ...] = (".blob.core.windows.net",)
    private_artifacts: tuple[str, ...] = ()
    public_host: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")

    @property
    def artifact_limit(self) -> int:
        """The largest artifact, in bytes."""
        return self.artifact_limit_mb * 1024 * 1024

    @staticmethod
    def read(environment: dict[str, str]) -> Config:
        """Return the settings in `environment`. Raises `Missing` or `Invalid` that names the setting."""
        try:
            state = environment["KILN_STATE_ENDPOINT"]
        except KeyError:
            raise Missing("setting KILN_STATE_ENDPOINT is missing and has no default") from None
        given = {
            "arm_endpoint": environment.get("KILN_ARM_ENDPOINT"),
            "arm_scope": environment.get("KILN_ARM_SCOPE"),
            "client_id": environment.get("AZURE_CLIENT_ID"),
            "topic_endpoint": environment.get("KILN_TOPIC_ENDPOINT"),
            "artifact_limit_mb": environment.get("KILN_ARTIFACT_LIMIT_MB"),
            "rebuild_concurrency": environment.get("KILN_REBUILD_CONCURRENCY"),
            "history_days": environment.get("KILN_HISTORY_DAYS"),
            "retention_days": environment.get("KILN_RETENTION_DAYS"),
            "blob_suffixes": _list(environment.get("KILN_BLOB_SUFFIXES", "")),
            "private_artifacts": _places(environment.get("KILN_PRIVATE_ARTIFACTS", "")),
            "public_host": environment.get("KILN_PUBLIC_HOST"),
        }
        settings = {name: value for name, value in given.items() if value}
        try:
            return Config.model_validate({"state_endpoint": state.rstrip("/"), **settings})
        except ValidationError as error:
            raise Invalid(f"a setting is not valid: {error}") from error


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip().lower() for item in text.split(",") if item.strip())


def _places(text: str) -> tuple[str, ...]:
    """Return hosts as they are and networks in their own form. Raises `Invalid`."""
    return tuple(_network(item) if "/" in item else item for item in _list(text))


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise Invalid(f"the setting KILN_PRIVATE_ARTIFACTS is not valid: {error}") from error


@functools.cache
def config() -> Config:
    """Return this process's settings."""
    return Config.read(dict(os.environ))


@functools.cache
def credential() -> ManagedIdentityCredential:
    """Return the app's managed identity, asked for tokens lazily."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=config().client_id)


@functools.cache
def identity_credential(identity: str) -> ManagedIdentityCredential:
    """Return a template's identity (its ARM id), which must be assigned to the app."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(identity_config={"resource_id": identity})
