"""Loading of a function app, the way the Python worker indexes the v2 programming model.

It owns what a function needs to be served, and refuses at start-up what the host does not serve; it must not run any
function.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import azure.functions as func

from devkit.host import schedules, signatures
from devkit.host.settings import HostSettings, SettingsError, read_settings
from devkit.host.signatures import RETURN, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ENTRY_FILE = "function_app.py"
_OUT = 1  # BindingDirection.OUT
# azure-functions-host `Utility.FunctionNameValidationRegex`.
_FUNCTION_NAME = re.compile(r"(?!host$)[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)


class AppError(Exception):
    """The app cannot be served; the message names the function."""


@dataclass(frozen=True, slots=True)
class ServedFunction:
    """One function: its code, its trigger's parameter, and its durable clients as {parameter: binding}."""

    name: str
    code: Callable[..., Any]
    trigger: Any
    clients: dict[str, Any]
    wants_context: bool


@dataclass(slots=True)
class App:
    """The functions of an app by trigger."""

    settings: HostSettings
    http: list[ServedFunction] = field(default_factory=list)
    event_grid: dict[str, ServedFunction] = field(default_factory=dict)
    timers: dict[str, ServedFunction] = field(default_factory=dict)
    orchestrators: dict[str, ServedFunction] = field(default_factory=dict)
    activities: dict[str, ServedFunction] = field(default_factory=dict)


# One entry for each trigger type that is served; the place where a new one goes.
_PLACES: dict[str, Callable[[App, ServedFunction], None]] = {
    "eventGridTrigger": lambda app, item: _name(app.event_grid, item.name, _one_event(item)),
    "timerTrigger": lambda app, item: _name(app.timers, item.name, _with_schedule(item)),
    "httpTrigger": lambda app, item: app.http.append(item),
    "orchestrationTrigger": lambda app, item: _name(app.orchestrators, item.trigger.orchestration, item),
    "activityTrigger": lambda app, item: _name(app.activities, item.trigger.activity, item),
}


def load_app(directory: Path) -> App:
    """Import function_app.py, read host.json, and sort the functions; AppError for what cannot be served."""
    try:
        app = App(read_settings(directory / "host.json"))
    except SettingsError as error:
        raise AppError(str(error)) from error
    names: set[str] = set()
    for function in _register(directory).get_functions():
        served = _describe(function)
        _check_name(served.name, names)
        place = _PLACES.get(served.trigger.type)
        if place is None:
            raise AppError(_refusal(served))
        place(app, served)
    return app


def _refusal(served: ServedFunction) -> str:
    kind = served.trigger.type
    if kind == "entityTrigger":
        return (
            f"function '{served.name}' is a durable entity (entityTrigger);"
            " the local Functions host runs orchestrators and activities, but no entities"
        )
    return (
        f"function '{served.name}' has a {kind}, which the local Functions host does not serve;"
        f" it serves {', '.join(sorted(_PLACES))}"
    )


def _register(directory: Path) -> func.FunctionRegister:
    path = directory / _ENTRY_FILE
    if not path.is_file():
        raise AppError(f"there is no {_ENTRY_FILE} in {directory}")
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise AppError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    registers = [item for item in vars(module).values() if isinstance(item, func.FunctionRegister)]
    if len(registers) != 1:
        raise AppError(f"{path} must define one FunctionApp, found {len(registers)}")
    return registers[0]


def _describe(function: Any) -> ServedFunction:
    name = function.get_function_name()
    code = function.get_user_function()
    trigger = function.get_trigger()
    if trigger is None:
        raise AppError(f"function '{name}' has no trigger")
    if function.get_settings_dict("retry_policy") is not None:
        # `FunctionExecutorExtensions.TryExecuteAsync` (Azure/azure-webjobs-sdk) would call it again, for any trigger.
        raise AppError(f"function '{name}' has a retry policy (@retry), which the local Functions host does not follow")
    clients: dict[str, Any] = {}
    for binding in function.get_bindings():
        if binding is trigger or (binding.type == "http" and binding.name == RETURN):
            continue
        if binding.type != "durableClient":
            direction = "output" if binding.direction == _OUT else "input"
            raise AppError(
                f"function '{name}' has a binding '{binding.name}' of type {binding.type} ({direction}),"
                " which the local Functions host does not serve"
            )
        clients[binding.name] = binding
    try:
        wants_context = signatures.check(code, function.get_bindings())
    except SignatureError as error:
        raise AppError(f"function '{name}' {error}") from error
    # The SDK's decorator wraps the function in a coroutine that awaits it.
    if clients and not inspect.iscoroutinefunction(getattr(code, "client_function", code)):
        raise AppError(f"function '{name}' has a durable client and must be 'async def'")
    return ServedFunction(name, code, trigger, clients, wants_context)


def _check_name(name: str, known: set[str]) -> None:
    """Refuse a name that the host does not load, or knows already in any case."""
    if not _FUNCTION_NAME.fullmatch(name):
        raise AppError(f"'{name}' is no function name: 1 to 128 letters, digits, - and _, a letter first, not 'host'")
    if name.lower() in known:
        raise AppError(f"two functions are called '{name}' but for case: names of functions are case-insensitive")
    known.add(name.lower())


def _one_event(served: ServedFunction) -> ServedFunction:
    """Refuse what azure-functions cannot decode: its converter takes one event, whatever the extension would send."""
    if str(served.trigger.get_dict_repr().get("cardinality", "one")).lower() != "one":
        raise AppError(f"function '{served.name}' wants many events a call, which azure-functions does not decode")
    return served


def _with_schedule(served: ServedFunction) -> ServedFunction:
    """Refuse a schedule that cannot be read."""
    try:
        schedules.parse(served.trigger.schedule)
    except schedules.ScheduleError as error:
        raise AppError(f"function '{served.name}': {error}") from error
    return served


def _name(table: dict[str, ServedFunction], given: str | None, item: ServedFunction) -> None:
    name = given or item.name
    if name.lower() in (known.lower() for known in table):
        raise AppError(f"two functions are called '{name}'")
    table[name] = item
