from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.azure.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite


@pytest.fixture
def cloud(tmp_path: Path, azurite: Azurite) -> Iterator[Harness]:
    """An instant local Azure with scripted machines and real blobs."""
    running = Harness(tmp_path, azurite.accounts)
    yield running
    running.stop()
