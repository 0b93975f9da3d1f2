"""The matrices by name, each with the place of its object, so that only what is asked for is imported."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.matrix import Matrix

MATRICES: dict[str, str] = {
    "build": "tests.faults.azure_calls.matrices:BUILD",
    "crash-commits": "tests.faults.crash_commits:MATRIX",
    "crash-requests": "tests.faults.crash_calls:MATRIX",
    "early-ends": "tests.faults.cancel_cases:MATRIX",
    "asked-meanwhile": "tests.faults.cancel_requests:MATRIX",
    "begin": "tests.faults.begin_cases:MATRIX",
    "twice-at-once": "tests.faults.races_twice:MATRIX",
    "two-hosts": "tests.faults.races_hosts:MATRIX",
    "two-runs": "tests.faults.pairs.matrix:MATRIX",
    "kill-9": "tests.faults.crash_processes:MATRIX",
    "records": "tests.faults.azure_calls.matrices:RECORDS",
    "rebuilds": "tests.faults.azure_calls.matrices:REBUILDS",
}
"""Name to "module:object"; in the order in which they run."""


def matrix(name: str) -> Matrix:
    """Return a matrix. Raises KeyError for an unknown name."""
    module, _, attribute = MATRICES[name].partition(":")
    found: Matrix = getattr(importlib.import_module(module), attribute)
    return found
