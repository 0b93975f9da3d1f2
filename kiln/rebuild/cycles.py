"""Cycles of templates that would be rebuilt because of their own images. Pure: the caller says who follows a source."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class DependentTemplate(NamedTuple):
    """A template that follows a source: its key and name, and the keys of the image definitions that it makes."""

    key: str
    name: str
    produces: tuple[str, ...]


def find_cycle(start: DependentTemplate, dependents: Callable[[str], Iterable[DependentTemplate]]) -> tuple[str, ...]:
    """Return the shortest cycle of several templates that `start` closes, as names and keys in turn; or nothing.

    `dependents` returns the templates that follow the source of a key. A template alone that makes versions of its own
    source is no cycle: it patches an image definition, and is not rebuilt for versions that it made itself.
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
    """Return a cycle as a sentence, with the way out."""
    return (
        f"the template would be rebuilt because of its own images, over and over: {' -> '.join(found)}. "
        "Remove one of these triggers, or build from another image"
    )
