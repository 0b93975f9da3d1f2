"""The durable functions of an app by name: orchestrator handles and activities, looked up as the host does.

It owns names and signatures; it must not know where the functions come from or who calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.host import sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # Takes the decoded payload, returns a JSON-serialisable value; an exception fails the activity.
    Activity = Callable[[Any], Any]


class UnknownOrchestratorError(LookupError):
    """No orchestrator of this name is registered."""


class FunctionTable:
    """Orchestrators and activities of an app; names are case-insensitive, as in the extension."""

    def __init__(self, orchestrators: Mapping[str, sdk.Handle], activities: Mapping[str, Activity]) -> None:
        sdk.prepare()
        self._orchestrators = {name.lower(): handle for name, handle in orchestrators.items()}
        self._activities = {name.lower(): activity for name, activity in activities.items()}

    def has_orchestrator(self, name: str) -> bool:
        """Whether an orchestrator of this name exists."""
        return name.lower() in self._orchestrators

    def require_orchestrator(self, name: str) -> None:
        """Raise UnknownOrchestratorError unless an orchestrator of this name exists."""
        if not self.has_orchestrator(name):
            raise UnknownOrchestratorError(
                f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function."
            )

    def has_activity(self, name: str) -> bool:
        """Whether an activity of this name exists."""
        return name.lower() in self._activities

    def replay(self, name: str, context_json: str) -> dict[str, Any]:
        """Replay an orchestrator over the history in `context_json` and return its state; may raise SdkError."""
        return sdk.replay(self._orchestrators[name.lower()], context_json)

    def run_activity(self, name: str, payload: str | None) -> str:
        """Run an activity on its JSON input and return its JSON output; raises what the activity raises."""
        value = self._activities[name.lower()](sdk.decode_activity_input(payload))
        return sdk.encode_activity_output(value)
