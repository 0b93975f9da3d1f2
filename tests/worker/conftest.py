"""Microsoft's worker with the app, for the tests of a module; skipped, with the reason, without its Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worker.interpreter import absence, interpreter
from tests.worker.process import MicrosoftWorker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure


@pytest.fixture(scope="session")
def worker(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MicrosoftWorker]:
    """The app in Microsoft's worker, on the local Azure."""
    python = interpreter()
    if python is None:
        pytest.skip(absence())
    with MicrosoftWorker(python, tmp_path_factory.mktemp("worker"), local_azure.environment()) as running:
        yield running
