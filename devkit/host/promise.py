"""Promises for the replay: settled once, synchronously, with callbacks run on the spot.

They own nothing but success or failure; values stay with the SDK, and no loop or thread is involved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Promise:
    """Something that will succeed or fail once."""

    __slots__ = ("_callbacks", "_succeeded")

    def __init__(self) -> None:
        self._succeeded: bool | None = None
        self._callbacks: list[Callable[[bool], None]] = []

    @classmethod
    def done(cls) -> Promise:
        """Return a promise that has succeeded already."""
        promise = cls()
        promise.settle(succeeded=True)
        return promise

    @property
    def settled(self) -> bool:
        """Whether it has succeeded or failed."""
        return self._succeeded is not None

    def settle(self, *, succeeded: bool) -> None:
        """Succeed or fail; only the first call counts."""
        if self._succeeded is not None:
            return
        self._succeeded = succeeded
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(succeeded)

    def then(self, callback: Callable[[bool], None]) -> None:
        """Call `callback` with the success, now or when it is known."""
        if self._succeeded is None:
            self._callbacks.append(callback)
        else:
            callback(self._succeeded)


def join(children: Sequence[Promise], wanted: int | None = None) -> Promise:
    """Return a promise that succeeds once `wanted` (None: all) of the children are settled, however they ended."""
    joined = Promise()
    missing = len(children) if wanted is None else wanted

    def one_settled(_succeeded: bool) -> None:  # noqa: FBT001  # the signature of every promise's callback
        nonlocal missing
        missing -= 1
        if missing <= 0:
            joined.settle(succeeded=True)

    if not children:
        joined.settle(succeeded=True)
    for child in children:
        child.then(one_settled)
    return joined
