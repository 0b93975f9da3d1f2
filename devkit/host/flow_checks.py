"""The determinism checks of flow tests: every replay twice, every state an extension of the one before it.

It owns comparing what the orchestrator's code does from replay to replay; it must not know how flows are driven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devkit.host.functions import FunctionTable
from devkit.host.work import NonDeterminismError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devkit.host import sdk
    from devkit.host.functions import Activity

State = dict[str, Any]


class FlowError(Exception):
    """A flow test cannot go on: the test itself lacks something, or the flow is stuck."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """The last replay of one generation: what the code was shown and what it answered."""

    name: str
    context_json: str
    state: State


class CheckedFunctions(FunctionTable):
    """A function table that replays twice, and finds missing fakes at once instead of failing the flow."""

    def __init__(
        self, orchestrators: Mapping[str, sdk.Handle], activities: Mapping[str, Activity], *, once: bool = False
    ) -> None:
        super().__init__(orchestrators, activities)
        self._once = once
        self._failed_assertion: AssertionError | None = None
        self._latest: _Proof | None = None
        self._proofs: dict[tuple[str, str], _Proof] = {}
        self._due: set[tuple[str, str]] = set()

    def has_activity(self, name: str) -> bool:
        """Whether there is a fake of this name; FlowError if not, for a test that forgot it."""
        if not super().has_activity(name):
            raise FlowError(f"the flow calls activity '{name}', for which this runner has no function")
        return True

    def has_orchestrator(self, name: str) -> bool:
        """Whether there is an orchestrator of this name; FlowError if not, for a test that forgot it."""
        if not super().has_orchestrator(name):
            raise FlowError(f"the flow calls orchestrator '{name}', which this runner was not given")
        return True

    def run_activity(self, name: str, payload: str | None) -> str:
        """Run a fake; a failed assertion in it is kept for `raise_failed_assertion`."""
        try:
            return super().run_activity(name, payload)
        except AssertionError as error:
            self._failed_assertion = error
            raise

    def raise_failed_assertion(self) -> None:
        """Raise the AssertionError of the last fake, which concerns the test and not the flow."""
        if self._failed_assertion is not None:
            raise self._failed_assertion

    def replay(self, name: str, context_json: str) -> State:
        """Replay twice (or once, if so wished), each time with a fresh executor, and insist on the same answer."""
        state = super().replay(name, context_json)
        self._latest = _Proof(name, context_json, state)
        if not self._once:
            self._require_same_answer(self._latest)
        return state

    def keep_latest(self, instance_id: str, execution_id: str) -> None:
        """Take the newest replay as this generation's; its actions must continue those of the one before."""
        if self._latest is None:
            return
        key = (instance_id, execution_id)
        before = self._proofs.get(key)
        if before is not None:
            _require_prefix(instance_id, before.state, self._latest.state)
        self._proofs[key] = self._latest
        self._due.add(key)

    def replay_everything_again(self) -> None:
        """Replay the last known history of every generation that has one since then, and compare the answers."""
        for key in self._due:
            self._require_same_answer(self._proofs[key])
        self._due.clear()

    def _require_same_answer(self, proof: _Proof) -> None:
        again = super().replay(proof.name, proof.context_json)
        if again != proof.state:
            differing = sorted(key for key in {*again, *proof.state} if again.get(key) != proof.state.get(key))
            raise NonDeterminismError(
                f"orchestrator '{proof.name}' gives two answers for one history;"
                f" different: {', '.join(differing)}\n  first: {proof.state}\n  then:  {again}"
            )


def _require_prefix(instance_id: str, before: State, after: State) -> None:
    old, new = (_without_cancellation(state["actions"][0]) for state in (before, after))
    for number, action in enumerate(old):
        if number >= len(new) or new[number] != action:
            now = new[number] if number < len(new) else "nothing"
            raise NonDeterminismError(
                f"instance '{instance_id}': yield number {number + 1} was {action} and is now {now}"
            )


def _without_cancellation(action: Any) -> Any:
    """Drop what legitimately changes after an action was scheduled: whether its timer was cancelled."""
    if isinstance(action, list):
        return [_without_cancellation(item) for item in action]
    if isinstance(action, dict):
        return {key: _without_cancellation(value) for key, value in action.items() if key != "isCanceled"}
    return action
