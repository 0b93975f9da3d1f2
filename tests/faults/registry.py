"""Which matrices there are: by name, where their objects are, so that nothing is imported that is not asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.matrix import Matrix

MATRICES: dict[str, str] = {
    "build": "tests.faults.azure_calls.matrices:BUILD",
}
"""Name to "module:object"; in the order in which they run."""


def matrix(name: str) -> Matrix:
    """Return a matrix. Raises KeyError for a name that there is not."""
    module, _, attribute = MATRICES[name].partition(":")
    found: Matrix = getattr(importlib.import_module(module), attribute)
    return found
