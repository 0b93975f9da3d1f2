"""Orchestrator handles from the sources that a flow test may name: blueprints, decorated or plain functions.

It owns unwrapping the decorators' objects; it must not know how flows are run.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import azure.durable_functions as df
from azure.functions.decorators.function_app import FunctionBuilder

from devkit.host import sdk

ORCHESTRATION_TRIGGER = "orchestrationTrigger"


def orchestrator_handles(sources: Mapping[str, object] | Iterable[object]) -> dict[str, sdk.Handle]:
    """Return handles by name.

    A source is a `df.Blueprint` (all its orchestrators), what a decorator left behind in a module, an SDK handle, or
    a plain generator function. In a mapping the key names the orchestrator; a blueprint under a key gives that one.
    """
    handles: dict[str, sdk.Handle] = {}
    if isinstance(sources, Mapping):
        for name, source in sources.items():
            found = _unwrap(source)
            handles[name] = found[name] if name in found else _only(name, found)
    else:
        for source in sources:
            handles.update(_unwrap(source))
    return handles


def _only(name: str, found: dict[str, sdk.Handle]) -> sdk.Handle:
    if len(found) != 1:
        raise LookupError(f"no orchestrator '{name}' among {sorted(found)}")
    return next(iter(found.values()))


def _unwrap(source: Any) -> dict[str, sdk.Handle]:
    if isinstance(source, df.Blueprint):
        app = df.DFApp()
        app.register_functions(source)
        functions = app.get_functions()
    elif isinstance(source, FunctionBuilder):
        functions = [source._function]  # noqa: SLF001  # build() would fix the auth level of the app's own object
    elif hasattr(source, "orchestrator_function"):
        return {source.__name__: source}
    elif inspect.isgeneratorfunction(source):
        return {source.__name__: sdk.orchestrator_handle(source)}
    else:
        raise TypeError(f"neither a blueprint nor an orchestrator: {source!r}")
    return {
        function.get_trigger().orchestration or function.get_function_name(): function.get_user_function()
        for function in functions
        if function.get_trigger().type == ORCHESTRATION_TRIGGER
    }
