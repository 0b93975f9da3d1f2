"""The settings of a command: the API's endpoint, the subscription and resource group, and how to sign in.

The defaults are those of `kiln local up`. This is the one module of the command that reads the environment (but for
typer, which reads the variables that an option's `envvar` names).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.cli.faults import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.cli.trust import Trust

ENDPOINT = "https://127.0.0.1:7071"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
RESOURCE_GROUP = "rg-images"
SCOPE = ""
"""No default scope: a token for another API, such as Resource Manager, must not be sent to a Kiln."""
API_SCOPE = "api://<client id>/.default"
"""The form of Kiln's own scope (docs/deploy.md)."""
TOKEN = "KILN_TOKEN"  # noqa: S105 - the name of a variable
"""The variable for an access token for the API."""
TRIGGER_SECRET = "KILN_TRIGGER_SECRET"  # noqa: S105 - the name of a variable
"""The variable for the secret of a webhook, so that no file needs to hold it."""


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


@dataclass(frozen=True)
class Settings:
    """The common options of every command that talks to the API."""

    endpoint: str
    subscription: str
    resource_group: str
    scope: str
    trust: Trust
    token: str | None = None
    options: str = ""
    """The common options as they were typed, after a space, for the commands that a message suggests; else empty."""

    def __post_init__(self) -> None:
        """Refuse an endpoint that is not an http or https URL."""
        parts = urlsplit(self.endpoint)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise UsageFailure(f"--endpoint {self.endpoint} is not a URL that starts with http:// or https://.")

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return urlsplit(self.endpoint).hostname in {"127.0.0.1", "localhost", "::1"}

    @property
    def is_encrypted(self) -> bool:
        """Whether the endpoint uses TLS; a token is never sent without it."""
        return urlsplit(self.endpoint).scheme == "https"
