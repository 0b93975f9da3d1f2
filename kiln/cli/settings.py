"""Where the API is, whose resources are meant, and which certificates are trusted: one value for a whole command.

It owns the defaults, which are those of `kiln local up`; it opens no connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kiln.cli.faults import UsageFailure

ENDPOINT = "https://127.0.0.1:7071"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
RESOURCE_GROUP = "rg-images"
SCOPE = ""
"""None: a token for anything else, such as Resource Manager, is nothing that a Kiln should be sent."""
API_SCOPE = "api://<client id>/.default"
"""How Kiln's own scope is made, as docs/deploy.md has it."""
CA_VARIABLES = ("KILN_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where a file of trusted certificate authorities may be named, in the order of precedence; --ca-file comes first."""


@dataclass(frozen=True)
class Trust:
    """A file of trusted certificate authorities and what named it; no file means the usual public ones."""

    file: str | None
    named_by: str

    @staticmethod
    def read(option: str | None, environment: dict[str, str]) -> Trust:
        """Return the file that --ca-file or the environment names.

        Raises `UsageFailure` when that file is not there.
        """
        named = [("--ca-file", option), *((name, environment.get(name)) for name in CA_VARIABLES)]
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
