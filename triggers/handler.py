"""A handler of requests, and what its callers must be allowed to do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from triggers.call import Call
from triggers.reply import Reply

Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True)
class Endpoint:
    """A handler, and what its callers must be allowed to do (as triggers.provider names it) where the path points.

    With `partly`, a permission at some scope within that scope is enough, and the handler shows only what is there.
    With `signed`, no token is needed: the handler itself checks the signature of the request.
    """

    handler: Handler
    action: str
    partly: bool = False
    signed: bool = False
