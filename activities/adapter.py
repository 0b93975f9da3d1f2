"""Registration of typed functions as activities: JSON in, JSON out, designed failures as an envelope.

An exception means "try again", a returned error means "stop". A `BuildError` is returned, as `{"error": ...}`. So is
the error for a document of Kiln's own that cannot be read: another try would find the same document. Every other
exception is raised: the orchestrator tries again, and the host's log has the trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import azure.durable_functions as df
from pydantic import BaseModel

from kiln.contracts.base import encoded
from kiln.errors import BuildError, DocumentUnreadable, RunCanceled, Superseded
from kiln.ids import RunRef
from kiln.redact import redact
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import ProvisioningState
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.contracts.base import Activity
    from kiln.ids import Owner

RequestT = TypeVar("RequestT", bound=BaseModel)
ResultT = TypeVar("ResultT", bound=BaseModel)

bp = df.Blueprint()


class Redacted(Exception):
    """A fault with the secrets removed from its text, which goes into the history and the host's log."""


def implements(
    contract: Activity[RequestT, ResultT],
) -> Callable[[Callable[[RequestT], ResultT]], Callable[[RequestT], ResultT]]:
    """Register a function as the activity of `contract`; the function itself stays as it is."""

    def register(function: Callable[[RequestT], ResultT]) -> Callable[[RequestT], ResultT]:
        def activity(payload: dict) -> dict:  # type: ignore[type-arg]  # the binding knows plain classes only
            return answer(contract, function, payload)

        activity.__name__ = activity.__qualname__ = contract.name
        activity.__doc__ = function.__doc__
        bp.activity_trigger(input_name="payload", activity=contract.name)(activity)
        return function

    return register


def answer(
    contract: Activity[RequestT, ResultT], function: Callable[[RequestT], ResultT], payload: dict[str, Any]
) -> dict[str, Any]:
    """Run `function` on a decoded payload and return its envelope."""
    try:
        result = function(contract.request.model_validate(payload))
    except (BuildError, DocumentUnreadable) as error:
        return {"error": encoded(error.detail)}
    except Exception as error:
        public = redact(str(error))
        if public == str(error):
            raise
        raise Redacted(f"{type(error).__name__}: {public}") from None
    return {"result": encoded(result)}


def fence(owner: Owner) -> None:
    """Refuse to go on with work whose owner, a run or a submission, no longer wants it.

    Raises `RunCanceled` once a run's clean-up has begun, or the run is gone with its template, and `Superseded` when a
    submission's template is gone, going or newer.
    """
    if isinstance(owner, RunRef):
        if Ledgers().is_closed(owner.template, owner.run_id):
            raise RunCanceled(owner.run_id)
        return
    stored = Templates().made(owner.template, owner.made)
    record = stored.content if stored else None
    going = record is None or record.provisioning_state is ProvisioningState.DELETING
    if going or (record is not None and record.version != owner.version):
        raise Superseded(owner.template.arm, owner.version)
