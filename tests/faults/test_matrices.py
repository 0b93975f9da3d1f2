"""The fast subset of every matrix: each so manieth case; `make faults` runs them all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from azure.core.pipeline.transport import HttpTransport

from kiln.events.outbox import HOLD
from tests.faults.registry import MATRICES, matrix
from tests.faults.workers import judge

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", [name for name in MATRICES if matrix(name).every])
def test_every_so_manieth_case_of_a_matrix_passes(name: str, tmp_path: Path) -> None:
    found = matrix(name)
    with found.open(tmp_path) as bench:
        cases = bench.cases()[:: found.every]
        verdicts = [judge(bench, case) for case in cases]
    assert verdicts
    assert {verdict.case.id: verdict.problems for verdict in verdicts if not verdict.passed} == {}


def test_hosts_of_the_matrices_alone_hurry() -> None:
    assert [matrix(name).name for name in MATRICES] == list(MATRICES)
    assert HttpTransport.sleep.__module__ == "azure.core.pipeline.transport._base"
    assert timedelta(minutes=1) == HOLD
