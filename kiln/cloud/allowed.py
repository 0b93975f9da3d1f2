"""The check whether roles allow an action, by the rules of "Understand Azure role definitions". Pure.

Each role allows what its actions match and its notActions do not; another role may still allow what one excludes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Permission(NamedTuple):
    """The actions that one role allows, as patterns: `*` stands for any text, also with slashes."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


def missing(
    permissions: Iterable[Permission], actions: Iterable[str], data_actions: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return those of the actions that none of the roles allows, in order."""
    known = tuple(permissions)
    lacking = [
        action
        for action in sorted(actions)
        if not any(_matches(each.actions, action) and not _matches(each.not_actions, action) for each in known)
    ]
    return (*lacking, *(
        action
        for action in sorted(data_actions)
        if not any(
            _matches(each.data_actions, action) and not _matches(each.not_data_actions, action) for each in known
        )
    ))  # fmt: skip


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
