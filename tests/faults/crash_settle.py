"""The wait until the local Azure has nothing left to do: no operation under way, no script that runs.

Azure does nothing of itself in between, so that Kiln's next look finds the same in every build.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure


async def settled(azure: InProcessAzure) -> None:
    """Return once the local Azure has ended all that it began; to be run on its loop."""
    cloud = azure.server._cloud
    assert cloud is not None
    while doing := [
        task
        for task in (*cloud.operations._tasks.values(), *(task for _, task in cloud.scripts._runs.values()))
        if not task.done()
    ]:
        await asyncio.wait(doing)
