"""Kiln's requests without a look at the environment's proxies and netrc for each, which takes a sixteenth of a matrix.

It must not know what is requested.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def direct() -> Iterator[None]:
    """Let azure-core's new transports trust the environment in one thing, the CA (`devkit.local.environment`)."""
    make = RequestsTransport.__init__

    def direct_ones(transport: RequestsTransport, **options: Any) -> None:
        trusted = os.environ["REQUESTS_CA_BUNDLE"]
        make(transport, **{"use_env_settings": False, "connection_verify": trusted, **options})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RequestsTransport, "__init__", direct_ones)
        yield
