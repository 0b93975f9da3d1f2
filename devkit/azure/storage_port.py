"""The port between the local Azure and the server that keeps its blobs.

It owns the protocol; it must not know which server answers, or how an account is made there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class StorageAccounts(Protocol):
    """Accounts of a blob server that speaks Azure Storage's REST API."""

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority of the server's HTTPS; None if the system's trust store knows it, or for HTTP."""
        ...

    def create(self, name: str) -> str:
        """Make an account and return its key in base64. Again with the same name: the same key."""
        ...

    def delete(self, name: str) -> None:
        """Delete an account; its data must have been deleted before. Idempotent."""
        ...

    def endpoint(self, name: str) -> str:
        """Return an account's blob endpoint without a slash at its end, such as https://127.0.0.1:10000/name."""
        ...
