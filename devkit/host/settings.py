"""The settings that the host takes from host.json.

It owns names, defaults and bounds of the settings; it must not know of functions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from devkit.host.versioning import FailureStrategy, MatchStrategy, Versioning

if TYPE_CHECKING:
    from pathlib import Path

Choice = TypeVar("Choice", bound=StrEnum)

# azure-functions-host `ScriptJobHostOptionsSetup`: 30 minutes and no upper bound on Flex Consumption, which Kiln's
# infra deploys to; the classic Consumption plan has 5 and 10 minutes. "-1" is none.
DEFAULT_FUNCTION_TIMEOUT = timedelta(minutes=30)
_LEAST_FUNCTION_TIMEOUT = timedelta(seconds=1)
_TIMEOUT = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", re.ASCII)


class SettingsError(ValueError):
    """A host.json with which the host does not start."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The settings of the host, as host.json has them."""

    route_prefix: str = "api"
    # The extension's default when it runs outside of Azure.
    hub_name: str = "TestHubName"
    max_activities: int | None = None
    max_orchestrators: int | None = None
    versioning: Versioning = field(default_factory=Versioning)
    function_timeout: timedelta | None = DEFAULT_FUNCTION_TIMEOUT
    """How long one call of a function may take (None: for ever)."""


def read_settings(path: Path) -> HostSettings:
    """Read a host.json, which need not be there. Raises SettingsError."""
    if not path.is_file():
        return HostSettings()
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    extensions = settings.get("extensions", {})
    durable = extensions.get("durableTask", {})
    return HostSettings(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api").strip("/"),
        hub_name=durable.get("hubName", HostSettings().hub_name),
        max_activities=durable.get("maxConcurrentActivityFunctions"),
        max_orchestrators=durable.get("maxConcurrentOrchestratorFunctions"),
        versioning=Versioning(
            default=durable.get("defaultVersion"),
            match=_choice(durable, "versionMatchStrategy", MatchStrategy.CURRENT_OR_OLDER),
            failure=_choice(durable, "versionFailureStrategy", FailureStrategy.REJECT),
        ),
        function_timeout=_timeout(settings.get("functionTimeout")),
    )


def _timeout(given: Any) -> timedelta | None:
    if given is None:
        return DEFAULT_FUNCTION_TIMEOUT
    if str(given) == "-1":
        return None
    found = _TIMEOUT.fullmatch(str(given))
    if found is None:
        raise SettingsError(f"host.json: functionTimeout is '{given}'; it is hh:mm:ss, or -1 for none")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    timeout = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if timeout < _LEAST_FUNCTION_TIMEOUT:
        raise SettingsError(f"host.json: functionTimeout is '{given}'; it is at least {_LEAST_FUNCTION_TIMEOUT}")
    return timeout


def _choice(durable: dict[str, Any], name: str, default: Choice) -> Choice:
    given = durable.get(name, default)
    for choice in type(default):
        if str(given).lower() == choice.lower():
            return choice
    raise SettingsError(f"host.json: durableTask.{name} is '{given}'; it can be {', '.join(type(default))}")
