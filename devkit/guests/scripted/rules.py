"""Rules by which a scripted machine answers a script; the first that matches wins.

It owns matching and the recognition of what a script does to its machine; it must not know machines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BOOT_ID = b"{boot-id}"
"""Placeholder in a rule's `stdout` for the machine's boot id, a new one after each start and restart."""

_GENERALIZE = re.compile(rb"waagent\b.*-deprovision|sysprep", re.IGNORECASE)
_RESTART = re.compile(rb"\bshutdown(\.exe)?\s+[/-]r\b|\bRestart-Computer\b", re.IGNORECASE)
_ASKS_BOOT = re.compile(rb"/random/boot_id|LastBootUpTime", re.IGNORECASE)


@dataclass
class Rule:
    """One answer. `matches` is looked for in the script: bytes as they are, or a compiled pattern.

    `delay` is in seconds, before the exit; `math.inf` never ends by itself. With `powers_off` or `restarts_after`,
    the machine does so when the script has ended, as after a job that the script left behind; with `restarts`, the
    script restarts the machine and is killed by that, so that nobody hears of its end. `times` is how many scripts
    the rule answers, on whatever machines, before the next one that matches does (None: all); `answered` counts them.
    """

    matches: bytes | re.Pattern[bytes] = b""
    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    delay: float = 0.0
    powers_off: bool = False
    restarts: bool = False
    restarts_after: bool = False
    times: int | None = None
    answered: int = field(default=0, init=False, compare=False)

    def applies_to(self, script: bytes) -> bool:
        """Whether this rule answers the script."""
        if self.times is not None and self.answered >= self.times:
            return False
        if isinstance(self.matches, bytes):
            return self.matches in script
        return self.matches.search(script) is not None


def answer(rules: Iterable[Rule], script: bytes) -> Rule:
    """Return the rule for a script, and count it.

    By default a script succeeds, and prints the boot id if it asks for it. One that generalizes its machine powers it
    off, one that restarts it restarts it: after the script's end, as both commands return before the machine goes down.
    """
    for rule in rules:
        if rule.applies_to(script):
            rule.answered += 1
            return rule
    generalizes = _GENERALIZE.search(script) is not None
    return Rule(
        stdout=BOOT_ID + b"\n" if _ASKS_BOOT.search(script) else b"",
        powers_off=generalizes,
        restarts_after=not generalizes and _RESTART.search(script) is not None,
    )
