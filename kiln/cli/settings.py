"""Where the API is, whose resources are meant, and which certificates are trusted: one value for a whole command.

It owns the defaults, which are those of `kiln local up`, and is the one place of the command that reads the environment
(but for typer, which reads what an option's `envvar` names); it opens no connection.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.cli.faults import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT = "https://127.0.0.1:7071"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
RESOURCE_GROUP = "rg-images"
SCOPE = ""
"""None: a token for anything else, such as Resource Manager, is nothing that a Kiln should be sent."""
API_SCOPE = "api://<client id>/.default"
"""How Kiln's own scope is made, as docs/deploy.md has it."""
TOKEN = "KILN_TOKEN"  # noqa: S105 - the name of a variable
"""Where an access token for the API may be."""
TRIGGER_SECRET = "KILN_TRIGGER_SECRET"  # noqa: S105 - the name of a variable
"""Where the secret of a webhook may be, which is then in no file."""
CA_VARIABLES = ("KILN_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where a file of trusted certificate authorities may be named, in the order of precedence; --ca-file comes first."""


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


@dataclass(frozen=True)
class Trust:
    """A file of trusted certificate authorities and what named it; no file means the usual public ones."""

    file: str | None
    named_by: str

    @staticmethod
    def read(option: str | None, variables: Mapping[str, str]) -> Trust:
        """Return the file that --ca-file or a variable of the environment names.

        Raises `UsageFailure` when that file is not there.
        """
        named = [("--ca-file", option), *((name, variables.get(name)) for name in CA_VARIABLES)]
        for source, file in named:
            if file:
                if not Path(file).exists():
                    raise UsageFailure(f"{source} names {file}, which does not exist.")
                return Trust(file=file, named_by=source)
        return Trust(file=None, named_by="")


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
    """What was typed, with a space before it, that another command needs to find the same things; else empty."""

    def __post_init__(self) -> None:
        """Refuse an endpoint that is no http or https URL."""
        parts = urlsplit(self.endpoint)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise UsageFailure(f"--endpoint {self.endpoint} is not a URL that starts with http:// or https://.")

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return urlsplit(self.endpoint).hostname in {"127.0.0.1", "localhost", "::1"}

    @property
    def is_encrypted(self) -> bool:
        """Whether the endpoint speaks TLS; only then is a token ever sent."""
        return urlsplit(self.endpoint).scheme == "https"
