"""The fast subset of every matrix: each so manieth case; `make faults` runs them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
