"""How a scripted machine answers a script: rules, the first that matches wins.

It owns matching and the recognition of a generalize job; it must not know machines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_GENERALIZE = re.compile(rb"waagent\b.*-deprovision|sysprep", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """One answer. `matches` is looked for in the script: bytes as they are, or a compiled pattern.

    `delay` is in seconds, before the exit; `math.inf` never ends by itself. With `powers_off`, the machine
    goes off when the script has ended, as after a job that the script left behind.
    """

    matches: bytes | re.Pattern[bytes] = b""
    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    delay: float = 0.0
    powers_off: bool = False

    def applies_to(self, script: bytes) -> bool:
        """Say whether this rule answers the script."""
        if isinstance(self.matches, bytes):
            return self.matches in script
        return self.matches.search(script) is not None


def answer(rules: Iterable[Rule], script: bytes) -> Rule:
    """Give the rule for a script. By default it succeeds silently, and one that generalizes powers off."""
    for rule in rules:
        if rule.applies_to(script):
            return rule
    return Rule(powers_off=_GENERALIZE.search(script) is not None)
