"""Long-running operations: begun by a request, carried out in the background, remembered across restarts.

It owns their life from InProgress to an end state; it must not know what any kind of operation does, or HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, ids
from devkit.azure.errors import ArmError
from devkit.guests.port import GuestError

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

_LOG = logging.getLogger(__name__)
_SETTLING = {"Creating", "Updating", "Deleting", "Replicating"}


@dataclass
class Operation:
    """One operation; `seconds` is how long it lasts at least, `result` what its Location answers in the end."""

    id: str
    kind: str
    target: str
    args: dict[str, Any]
    result: str
    started: float
    seconds: float
    status: str = "InProgress"
    ended: float | None = None
    error: dict[str, Any] | None = None
    error_status: int = 409
    output: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status == "InProgress"


Work = Callable[["Cloud", Operation], Awaitable[dict[str, Any] | None]]


class WorkTable:
    """The work of each kind of operation; it must be repeatable, as it starts again after a restart."""

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}

    def work(self, kind: str) -> Callable[[Work], Work]:
        """Enter the decorated work into the table."""

        def enter(work: Work) -> Work:
            self.works[kind] = work
            return work

        return enter


@dataclass
class Operations:
    """All operations of one local Azure."""

    cloud: Cloud
    works: dict[str, Work]
    observers: list[Callable[[Operation], None]] = field(default_factory=list)
    """Functions that are told of each operation that has ended."""
    _all: dict[str, Operation] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def load(self) -> None:
        """Read the operations of an earlier process and go on with those that had not ended."""
        for key, body in self.cloud.store.records("operation"):
            self._all[key] = operation = Operation(**body)
            if operation.running:
                self._arm(operation, None)

    def begin(
        self,
        kind: str,
        target: str,
        *,
        result: str = "resource",
        args: dict[str, Any] | None = None,
        failure: dict[str, Any] | None = None,
        preempts: bool = False,
        joins: bool = True,
    ) -> Operation:
        """Begin an operation, or join the same one if it is under way. Must be called in the event loop.

        With `failure` it does nothing and ends as Failed with that error. With `preempts` everything else under
        way on the target and below is cancelled first, as Azure does when a delete overtakes a create.
        """
        args = args or {}
        for other in self.running_on(target):
            if joins and (other.kind, other.args) == (kind, args):
                return other
        overtaken = self._preempt(target) if preempts else []
        seconds = self.cloud.latency.seconds(kind)
        operation = Operation(str(uuid.uuid4()), kind, target, args, result, clock.now(), seconds)
        self._save(operation)
        self._arm(operation, failure, overtaken)
        return operation

    def get(self, operation_id: str) -> Operation:
        """Return an operation. Raises ArmError (404)."""
        found = self._all.get(operation_id.lower())
        if found is None:
            raise ArmError(404, "OperationNotFound", f"The operation '{operation_id}' was not found.")
        return found

    def running_on(self, target: str) -> list[Operation]:
        """List the operations under way on a resource."""
        return [op for op in self._all.values() if op.running and ids.key(op.target) == ids.key(target)]

    async def stop(self) -> None:
        """Stop working; what has not ended goes on at the next `load`."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _preempt(self, target: str) -> list[asyncio.Task[None]]:
        below, overtaken = ids.key(target), []
        for operation in self._all.values():
            if operation.running and (ids.key(operation.target) + "/").startswith(below + "/"):
                error = ArmError(409, "OperationPreempted", "A newer operation on the resource took over.")
                self._end(operation, "Canceled", error=error)
                overtaken.append(self._tasks[operation.id])
                overtaken[-1].cancel()
        return overtaken

    def _arm(
        self, operation: Operation, failure: dict[str, Any] | None, after: Sequence[asyncio.Task[None]] = ()
    ) -> None:
        run = self._run(operation, failure, after)
        task = asyncio.get_running_loop().create_task(run, name=operation.kind)
        self._tasks[operation.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(operation.id, None))

    async def _run(
        self, operation: Operation, failure: dict[str, Any] | None, after: Sequence[asyncio.Task[None]]
    ) -> None:
        await asyncio.gather(*after, return_exceptions=True)
        error: ArmError | None = None
        output = None
        try:
            output = await self._work(operation, failure)
        except ArmError as refused:
            error = refused
        except GuestError as broken:
            error = ArmError(409, "VMAgentStatusCommunicationError", str(broken))
        except Exception:  # noqa: BLE001  # the operation is the boundary: its client must see an end state
            _LOG.exception("operation %s on %s broke", operation.kind, operation.target)
            error = ArmError(500, "InternalServerError", f"The local Azure broke in {operation.kind}; see its log.")
        await asyncio.sleep(operation.started + operation.seconds - clock.now())
        if operation.running:
            self._end(operation, "Failed" if error else "Succeeded", error=error, output=output)

    async def _work(self, operation: Operation, failure: dict[str, Any] | None) -> dict[str, Any] | None:
        if failure is not None:
            raise ArmError(409, failure["code"], failure["message"], details=failure.get("details"))
        return await self.works[operation.kind](self.cloud, operation)

    def _end(
        self,
        operation: Operation,
        status: str,
        *,
        error: ArmError | None = None,
        output: dict[str, Any] | None = None,
    ) -> None:
        resource = self.cloud.store.find(operation.target)
        if resource is not None and resource.properties.get("provisioningState") in _SETTLING:
            resource.properties["provisioningState"] = status
            self.cloud.store.save(resource)
        operation.status, operation.ended, operation.output = status, clock.now(), output
        if error is not None:
            operation.error, operation.error_status = error.body(), error.status
        self._save(operation)
        for observer in self.observers:
            observer(operation)

    def _save(self, operation: Operation) -> None:
        self._all[operation.id] = operation
        self.cloud.store.record("operation", operation.id, asdict(operation))
