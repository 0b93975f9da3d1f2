"""The SDK's client, pointed at Kiln: endpoint, credential, trust, retries.

It owns when a token is sent: over https only, never over plain http, whoever asks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from kiln.cli.outside import Outside
    from kiln.cli.settings import Settings

POLLING_SECONDS = 1
"""Between two looks at a long-running operation whose answer names no Retry-After."""
TOKEN_LIFE = 3600
"""Seconds that a token from KILN_TOKEN is taken to be good for; its real end only the service knows."""


class GivenToken:
    """A credential that hands out the token that the user gave."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Return the token, whatever it is asked for."""
        return AccessToken(self._token, int(time.time()) + TOKEN_LIFE)


class NoToken:
    """A credential for plain http, where no token may travel."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Refuse: a request over plain http must not carry a token."""
        raise ValueError("a token was asked for a connection that is not encrypted")


def connect(settings: Settings, outside: Outside) -> ImageBuilderClient:
    """Return the client. Nothing is sent yet."""
    options: dict[str, Any] = {}
    if not settings.is_encrypted:
        options["authentication_policy"] = SansIOHTTPPolicy()
    if outside.api_transport is not None:
        options["transport"] = outside.api_transport
    return ImageBuilderClient(
        _credential(settings),
        settings.subscription,
        settings.endpoint,
        credential_scopes=[settings.scope],
        polling_interval=POLLING_SECONDS,
        connection_verify=settings.trust.file or True,
        # A refused or lost connection is said at once; `follow` has its own patience.
        retry_policy=RetryPolicy(retry_total=3, retry_connect=0, retry_read=0, retry_status=3),
        **options,
    )


def _credential(settings: Settings) -> TokenCredential:
    if not settings.is_encrypted:
        return NoToken()
    if settings.token:
        return GivenToken(settings.token)
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
