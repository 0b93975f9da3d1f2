"""Awaiting a coroutine for each of many items, in parallel with a time limit; kiln.parallel does so with threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from kiln.parallel import Attempt, TookTooLong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

AT_ONCE = 8
SECONDS = 60.0
"""Seconds for one call, which may also write: Blob Storage's client retries a request for that long."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


async def await_each(
    items: Iterable[ItemT],
    call: Callable[[ItemT], Awaitable[ResultT]],
    *,
    at_once: int = AT_ONCE,
    seconds: float | None = None,
) -> list[Attempt[ItemT, ResultT]]:
    """Await the call for each item, `at_once` in parallel, and return all attempts in the order of the items.

    Each has `seconds`, by default `SECONDS`. A call that takes longer is canceled: it stops at its next await, as if
    the host died there.
    """
    bound = SECONDS if seconds is None else seconds
    room = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> Attempt[ItemT, ResultT]:
        async with room:
            try:
                return Attempt(item, result=await asyncio.wait_for(call(item), bound))
            except TimeoutError:
                return Attempt(item, fault=TookTooLong(bound))
            except Exception as error:  # noqa: BLE001 - any error concerns this call alone, and is returned
                return Attempt(item, fault=error)

    return list(await asyncio.gather(*(one(item) for item in items)))
