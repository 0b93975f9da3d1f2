"""Looks of coroutines at many things side by side, each with a bound: what kiln.looks is for threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from kiln.looks import Look, TookTooLong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

AT_ONCE = 8
SECONDS = 60.0
"""For one look, which may write, too: Blob Storage's client tries a request for that long."""

ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")


async def look_at_all(
    items: Iterable[ItemT],
    look: Callable[[ItemT], Awaitable[FoundT]],
    *,
    at_once: int = AT_ONCE,
    seconds: float | None = None,
) -> list[Look[ItemT, FoundT]]:
    """Look at each item, `at_once` side by side, and return all looks in the order of the items.

    Each has `seconds`, by default `SECONDS`.
    One that is given up stops at its next await, as it would if the host died there.
    """
    bound = SECONDS if seconds is None else seconds
    room = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> Look[ItemT, FoundT]:
        async with room:
            try:
                return Look(item, found=await asyncio.wait_for(look(item), bound))
            except TimeoutError:
                return Look(item, fault=TookTooLong(bound))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this look's alone, and handed on
                return Look(item, fault=error)

    return list(await asyncio.gather(*(one(item) for item in items)))
