"""Descriptions of the app's functions by Microsoft's worker are the same as the local host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.host.app import load_app
from tests.unit.infra.deployed import ROOT
from tests.worker.description import assumed, told

if TYPE_CHECKING:
    from tests.worker.process import MicrosoftWorker


def test_the_deployed_app_is_indexed_and_loaded_as_the_local_host_serves_it(worker: MicrosoftWorker) -> None:
    found = {name: told(item) for name, item in worker.functions.items()}

    assert found == assumed(load_app(ROOT))
