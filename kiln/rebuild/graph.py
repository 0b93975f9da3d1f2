"""Images built from images: who follows whom, circles, and the whole graph as a drawing has it. Pure.

It owns nodes and edges; who keeps them is not its business.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Follower(NamedTuple):
    """A template that follows a source: its key and name, and the keys of what it feeds."""

    key: str
    name: str
    feeds: tuple[str, ...]


def circle(start: Follower, followers: Callable[[str], Iterable[Follower]]) -> tuple[str, ...]:
    """Return the shortest circle over several templates that `start` closes, as names and keys in turn; or nothing.

    `followers` tells who follows a source's key. A template that feeds its own source alone is no circle: it patches
    an image definition, and is not rebuilt for versions of its own making.
    """
    seen = {start.key}
    paths: deque[tuple[Follower, tuple[str, ...]]] = deque([(start, (start.name,))])
    while paths:
        template, path = paths.popleft()
        for fed in template.feeds:
            for follower in followers(fed):
                if follower.key == start.key and template.key != start.key:
                    return (*path, fed, start.name)
                if follower.key not in seen:
                    seen.add(follower.key)
                    paths.append((follower, (*path, fed, follower.name)))
    return ()


def circle_text(found: tuple[str, ...]) -> str:
    """Return a circle in a sentence."""
    return (
        f"the template would be rebuilt because of its own images, over and over: {' -> '.join(found)}. "
        "Remove one of these triggers, or build from another image"
    )
