"""Envelopes around the answers of activities and sub-orchestrations: `{"result": ...}`, or `{"error": ...}`.

It knows the two forms; it must not know durable.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel

from kiln.contracts.base import encoded
from kiln.errors import BuildError, ErrorDetail, InternalFailure

ResultT = TypeVar("ResultT", bound=BaseModel)


def success(result: BaseModel) -> dict[str, Any]:
    """Return the envelope of a result."""
    return {"result": encoded(result)}


def failure(error: BuildError) -> dict[str, Any]:
    """Return the envelope of a designed failure."""
    return {"error": encoded(error.detail)}


def opened(raw: Any, kind: type[ResultT]) -> ResultT:
    """Return the result in an envelope. Raises the `BuildError` that is in it instead."""
    if "error" in raw:
        raise BuildError.from_detail(ErrorDetail.model_validate(raw["error"]))
    return kind.model_validate(raw["result"])


def fault(name: str, error: Exception) -> InternalFailure:
    """Return the `BuildError` for an unforeseen failure of the activity `name`: its words without the host's trace."""
    words = re.split(r'\n\s*(?:File "|Stack:|Traceback )', str(error), maxsplit=1)[0].strip()
    return InternalFailure(
        f"{name} failed after every retry: {words}",
        hint="The host's log has the whole trace; running the build again is safe.",
    )
