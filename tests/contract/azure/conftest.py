from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.azure.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite
    from devkit.specification import Specifications


@pytest.fixture
def cloud(tmp_path: Path, azurite: Azurite, specifications: Specifications | None) -> Iterator[Harness]:
    """An instant local Azure with scripted machines and real blobs, judged by Microsoft's specifications at the end."""
    running = Harness(tmp_path, azurite.accounts)
    yield running
    running.stop()
    if specifications is not None:
        found = running.recorder.judged(specifications)
        assert found == [], "\n".join(map(str, found))
