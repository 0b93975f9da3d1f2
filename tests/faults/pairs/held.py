"""Operations of the local Azure that are held until they may go on, as publishing an image takes many minutes.

It owns which are held; it must not know why.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from devkit.azure import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.azure.cloud import Cloud
    from devkit.azure.operations import Operation, Work
    from devkit.local.in_process import InProcessAzure


class HeldWorks:
    """Azure's operations, one of which can be held. All but `hold` runs on Azure's loop."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._target: str | None = None
        self._held: str | None = None
        self._may_go = asyncio.Event()

    def hold(self, resource_id: str) -> None:
        """Hold the operation that begins next on a resource."""
        self._may_go.clear()
        self._target = ids.key(resource_id)

    async def release(self) -> None:
        """Let the held operation go on."""
        self._target = self._held = None
        self._may_go.set()

    def gated(self, work: Work) -> Work:
        """Return the work with a wait for as long as its resource is held."""

        async def run(cloud: Cloud, operation: Operation) -> dict[str, Any] | None:
            if ids.key(operation.target) == self._target:
                self._target, self._held = None, operation.id
                await self._may_go.wait()
            return await work(cloud, operation)

        return run

    async def settled(self) -> None:
        """Return once Azure has ended all operations but the held one."""
        while doing := self._doing():
            await asyncio.wait(doing)

    def _doing(self) -> list[asyncio.Task[Any]]:
        operations = self._cloud.operations
        begun = [task for id_, task in operations._tasks.items() if not self._is_held(operations.get(id_))]
        return [task for task in (*begun, *(task for _, task in self._cloud.scripts._runs.values())) if not task.done()]

    def _is_held(self, operation: Operation) -> bool:
        return operation.id == self._held


@contextmanager
def held_works(azure: InProcessAzure) -> Iterator[HeldWorks]:
    """Make the operations of an Azure such that one can be held."""

    async def start() -> HeldWorks:
        cloud = azure.server._cloud
        assert cloud is not None
        held = HeldWorks(cloud)
        works = cloud.operations.works
        works.update({kind: held.gated(work) for kind, work in works.items()})
        return held

    held = azure.run(start())
    yield held
    azure.run(held.release())
