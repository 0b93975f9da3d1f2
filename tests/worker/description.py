"""A function as its host knows it, in one form: as Microsoft's worker tells it, and as `devkit.host` takes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devkit.host.app import App, ServedFunction

_HIDDEN = {"name", "type", "direction"}
_DURABLE = {"orchestrationTrigger": "orchestration", "activityTrigger": "activity"}


@dataclass(frozen=True)
class Description:
    """A function's trigger (type, parameter, settings), its other bindings by parameter, and its retry policy."""

    trigger: str
    parameter: str
    settings: Mapping[str, Any]
    bindings: Mapping[str, str]
    retries: Any = None


def told(function: Mapping[str, Any]) -> Description:
    """Read a worker's RpcFunctionMetadata as the host does: the raw bindings, and defaults for absent properties."""
    raw = {item["name"]: item for item in map(json.loads, function["raw_bindings"])}
    (trigger,) = [item for item in raw.values() if item["type"].lower().endswith("trigger")]
    others = {name: f"{item['type']} {item['direction'].lower()}" for name, item in raw.items() if item is not trigger}
    assert set(raw) == set(function["bindings"])
    settings = {key: value for key, value in trigger.items() if key not in _HIDDEN}
    return Description(
        trigger["type"],
        trigger["name"],
        _with_defaults(function["name"], trigger["type"], settings),
        others,
        function.get("retry_options"),
    )


def _with_defaults(name: str, trigger: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Fill in the defaults of a function's trigger, by its extension."""
    if trigger == "httpTrigger":
        # HttpTriggerAttribute: the route is the function's name, all methods, and AuthLevel.Function.
        methods = sorted(method.upper() for method in settings.get("methods") or ())
        return {
            "route": settings.get("route", name),
            "methods": methods,
            "authLevel": settings.get("authLevel", "function").upper(),
        }
    if trigger in _DURABLE:
        key = _DURABLE[trigger]
        return {key: settings.get(key) or name}
    if trigger == "timerTrigger":
        # TimerTriggerAttribute: UseMonitor is true.
        return {
            "schedule": settings["schedule"],
            "runOnStartup": bool(settings.get("runOnStartup")),
            "useMonitor": settings.get("useMonitor", True) is not False,
        }
    return settings


def assumed(app: App) -> dict[str, Description]:
    """Return each function's description as `devkit.host` serves it."""
    found: dict[str, Description] = {}
    for function in app.http:
        route = function.trigger.route if function.trigger.route is not None else function.name
        methods = sorted(str(getattr(item, "value", item)).upper() for item in function.trigger.methods or ())
        level = function.trigger.auth_level.value.upper()
        settings = {"route": route, "methods": methods, "authLevel": level}
        found[function.name] = _assumed(function, settings, {"$return": "http out"})
    for function in app.timers.values():
        trigger = function.trigger
        startup, monitor = bool(trigger.run_on_startup), trigger.use_monitor is not False
        timer = {"schedule": trigger.schedule, "runOnStartup": startup, "useMonitor": monitor}
        found[function.name] = _assumed(function, timer)
    for function in app.event_grid.values():
        found[function.name] = _assumed(function, {})
    for key, table in (("orchestration", app.orchestrators), ("activity", app.activities)):
        for name, function in table.items():
            found[function.name] = _assumed(function, {key: name})
    return found


def _assumed(function: ServedFunction, settings: dict[str, Any], more: Mapping[str, str] | None = None) -> Description:
    clients = dict.fromkeys(function.clients, "durableClient in")
    return Description(function.trigger.type, function.trigger.name, settings, {**clients, **(more or {})})
