"""The SDK's client, pointed at Kiln: endpoint, trust, retries.

It owns when a token is sent: over https only, never over plain http, whoever asks.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient

from kiln.cli.authorities import trust_in
from kiln.cli.sign_in import credential

if TYPE_CHECKING:
    from kiln.cli.environment import Environment
    from kiln.cli.settings import Settings

POLLING_SECONDS = 1
"""Between two looks at a long-running operation whose answer names no Retry-After."""


def connect(settings: Settings, environment: Environment) -> ImageBuilderClient:
    """Return the client. Nothing is sent yet."""
    # Of an answer that is no JSON the SDK logs a traceback; what it raises says the same to a person.
    logging.getLogger("azure.mgmt.imagebuilder").setLevel(logging.ERROR)
    options: dict[str, Any] = {}
    if not settings.is_encrypted:
        options["authentication_policy"] = SansIOHTTPPolicy()
    if environment.api_transport is not None:
        options["transport"] = environment.api_transport
    return ImageBuilderClient(
        credential(settings),
        settings.subscription,
        settings.endpoint,
        credential_scopes=[settings.scope or settings.endpoint],
        polling_interval=POLLING_SECONDS,
        connection_verify=trust_in(settings.endpoint, settings.trust).file or True,
        # A refused or lost connection is said at once; `follow` has its own patience.
        retry_policy=RetryPolicy(retry_total=3, retry_connect=0, retry_read=0, retry_status=3),
        **options,
    )
