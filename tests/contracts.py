"""All contracts of the app, found in the modules that define them."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, TypeVar

import kiln.contracts
import kiln.doctor.contracts
import kiln.rebuild.contracts
import kiln.sweep.contracts

ContractT = TypeVar("ContractT")


def every(kind: type[ContractT]) -> list[ContractT]:
    """Return all activities, or all orchestrators, each once."""
    here = [
        importlib.import_module(f"kiln.contracts.{item.name}") for item in pkgutil.iter_modules(kiln.contracts.__path__)
    ]
    modules: list[Any] = [*here, kiln.doctor.contracts, kiln.rebuild.contracts, kiln.sweep.contracts]
    return list(dict.fromkeys(item for module in modules for item in vars(module).values() if isinstance(item, kind)))
