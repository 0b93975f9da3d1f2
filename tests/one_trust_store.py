"""One store of trusted authorities for all HTTP clients of a test process.

httpx reads certifi's whole store for each client that is given none, also for one that will speak plain HTTP; that is
longer than most of the requests that tests send.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from httpx import create_ssl_context

if TYPE_CHECKING:
    import pytest

_MAKE = "httpx._transports.default.create_ssl_context"
_OWN = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Environment variables that name another store than certifi's: one that is small, and a test's own."""


def share_trust_store(patch: pytest.MonkeyPatch) -> None:
    """Let clients of httpx that trust certifi's authorities have one SSL context, made when the first is."""
    store = functools.cache(create_ssl_context)

    def create(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:  # noqa: FBT001, FBT002 - httpx's
        if verify is True and cert is None and not (trust_env and any(map(os.environ.get, _OWN))):
            return store()
        return create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)

    patch.setattr(_MAKE, create)
