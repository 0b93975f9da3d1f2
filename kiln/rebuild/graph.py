"""Images built from images: who follows whom, cycles, and the whole graph as a drawing has it. Pure.

It owns nodes and edges; who keeps them is not its business.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class DependentTemplate(NamedTuple):
    """A template that follows a source: its key and name, and the keys of what it makes versions of."""

    key: str
    name: str
    produces: tuple[str, ...]


def find_cycle(start: DependentTemplate, dependents: Callable[[str], Iterable[DependentTemplate]]) -> tuple[str, ...]:
    """Return the shortest cycle over several templates that `start` closes, as names and keys in turn; or nothing.

    `dependents` tells who follows a source's key. A template that makes versions of its own source alone is none: it
    patches an image definition, and is not rebuilt for versions of its own making.
    """
    seen = {start.key}
    paths: deque[tuple[DependentTemplate, tuple[str, ...]]] = deque([(start, (start.name,))])
    while paths:
        template, path = paths.popleft()
        for produced in template.produces:
            for dependent in dependents(produced):
                if dependent.key == start.key and template.key != start.key:
                    return (*path, produced, start.name)
                if dependent.key not in seen:
                    seen.add(dependent.key)
                    paths.append((dependent, (*path, produced, dependent.name)))
    return ()


def cycle_text(found: tuple[str, ...]) -> str:
    """Return a cycle in a sentence."""
    return (
        f"the template would be rebuilt because of its own images, over and over: {' -> '.join(found)}. "
        "Remove one of these triggers, or build from another image"
    )
