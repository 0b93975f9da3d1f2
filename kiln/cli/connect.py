"""Connect Azure's SDK to Kiln: endpoint, sign-in, trusted certificates, retries.

A token is sent over https only, never over plain http.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient

from kiln.cli.sign_in import credential
from kiln.cli.trust import trust_in

if TYPE_CHECKING:
    from kiln.cli.environment import Environment
    from kiln.cli.settings import Settings

POLLING_SECONDS = 1
"""How often a long-running operation is asked for when its answer has no Retry-After."""


def connect(settings: Settings, environment: Environment) -> ImageBuilderClient:
    """Return the SDK's client. Nothing is sent yet."""
    # When an answer is not JSON, the SDK logs a traceback besides raising; the exception is enough.
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
        # A refused or lost connection is reported at once; kiln.cli.follow has retries of its own.
        retry_policy=RetryPolicy(retry_total=3, retry_connect=0, retry_read=0, retry_status=3),
        **options,
    )
