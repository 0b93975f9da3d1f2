"""Long-running operations of Azure, whatever they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import operations
from kiln.contracts.base import CHECK_OPERATION

if TYPE_CHECKING:
    from kiln.contracts.base import OperationCheck, Progress


@implements(CHECK_OPERATION)
def check_operation(request: OperationCheck) -> Progress:
    """Ask how far an operation is; one that belongs to a run or a submission is given up with its owner."""
    if request.owner is not None:
        fence(request.owner)
    return operations.check(request.operation)
