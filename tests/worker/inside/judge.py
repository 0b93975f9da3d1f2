"""`python -m inside.judge MODULE`: print as JSON why Microsoft's worker does not load each function of an app.

The module defines `app`; a function that is loaded has null.
"""

from __future__ import annotations

import importlib
import json
import sys

from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.functions import Registry

from .messages import protocol


def main(module: str) -> None:
    """Judge each function by itself."""
    load_binding_registry()
    registry, protos = Registry(), protocol()
    verdicts: dict[str, str | None] = {}
    for function in importlib.import_module(module).app.get_functions():
        name = function.get_function_name()
        try:
            registry.add_indexed_function(function, protos)
        except Exception as error:  # noqa: BLE001  # whatever it is, the worker does not load the function
            verdicts[name] = f"{type(error).__name__}: {error}"
        else:
            verdicts[name] = None
    sys.stdout.write(json.dumps(verdicts))


if __name__ == "__main__":
    main(sys.argv[1])
