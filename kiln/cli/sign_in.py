"""Sign in to the API: by KILN_TOKEN, else by a package that knows the server, else by Azure's default credential.

Over plain http there is no sign-in. Azure's default credential is only used for the scope that the user names, and
never for a server on this machine: any program that listens there could use the token elsewhere.

Packages offer tokens through entry points of the group `kiln.sign_in`: each is a function of a server's origin
(`https://host:port`) that returns a function which gets an access token, or None if it does not know the server. Kiln
knows none of the packages by name.
"""

from __future__ import annotations

import importlib.metadata
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from kiln.cli.faults import UsageFailure
from kiln.cli.settings import API_SCOPE

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from kiln.cli.settings import Settings

GROUP = "kiln.sign_in"
TOKEN_LIFE = 3600
"""The assumed lifetime of a token from KILN_TOKEN, in seconds; only the service knows the real one."""
PACKAGES_TOKEN_LIFE = 600
"""How long a package's token is used before the package is asked for another one, in seconds."""

GetToken = Callable[[], str]


class GivenToken:
    """A credential that hands out the token that the user gave."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Return the token, whatever the scopes."""
        return AccessToken(self._token, int(time.time()) + TOKEN_LIFE)


class PackagesToken:
    """A credential that asks a package for tokens."""

    def __init__(self, get: GetToken, package: str) -> None:
        self._get, self._package = get, package

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Return a new token. Raises ClientAuthenticationError."""
        try:
            token = self._get()
        except Exception as error:  # whatever a foreign package raises, there is no token
            raise ClientAuthenticationError(f"the package behind {self._package} got no token: {error}") from error
        return AccessToken(token, int(time.time()) + PACKAGES_TOKEN_LIFE)


class NobodyThere(ClientAuthenticationError):
    """No package knows the server on this machine, so it is sent no token."""


class NobodysToken:
    """A credential for a server on this machine that no package knows."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Raise `NobodyThere`."""
        raise NobodyThere("no local Kiln of yours runs there")


class NoToken:
    """A credential for plain http, where no token may travel."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Refuse: a request over plain http must not carry a token."""
        raise ValueError("a token was asked for a connection that is not encrypted")


def credential(settings: Settings) -> TokenCredential:
    """Return the credential for the endpoint. Nothing is sent yet.

    Raises `UsageFailure` if Azure's default credential is needed and no scope is named.
    """
    if not settings.is_encrypted:
        return NoToken()
    if settings.token:
        return GivenToken(settings.token)
    package = _of_a_package(settings.endpoint)
    if package is not None:
        return package
    if settings.is_local:
        return NobodysToken()
    if not settings.scope:
        raise UsageFailure(
            f"To sign in to {settings.endpoint}, name its scope, {API_SCOPE}, with --scope (KILN_SCOPE), or put an "
            "access token into KILN_TOKEN."
        )
    return _azures_default()


def _of_a_package(endpoint: str) -> PackagesToken | None:
    parts = urlsplit(endpoint)
    for entry in importlib.metadata.entry_points(group=GROUP):
        get: GetToken | None = entry.load()(f"{parts.scheme}://{parts.netloc}")
        if get is not None:
            return PackagesToken(get, entry.value)
    return None


def _azures_default() -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # the exception repeats its warnings
    return DefaultAzureCredential()
