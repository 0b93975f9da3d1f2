"""Deaths of the host while it deletes blobs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import ContainerClient

if TYPE_CHECKING:
    from collections.abc import Iterator


class HostDiedError(Exception):
    """The host died before this deletion."""


@contextmanager
def dying_after(deletions: int) -> Iterator[list[object]]:
    """Let the host die before each deletion of a blob after so many; yield the list of deletions that are asked for."""
    asked: list[object] = []
    delete = ContainerClient.delete_blob

    def dying(self: ContainerClient, blob: Any, *given: Any, **more: Any) -> None:
        asked.append(blob)
        if len(asked) > deletions:
            raise HostDiedError
        delete(self, blob, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContainerClient, "delete_blob", dying)
        yield asked
