"""Reasons for failures in a chaos: a request refused for good, a process's death, a name that two templates want.

A failure has to tell its reason, in the words of the refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.chaos.script import AZURE_DIES, LASTING
from tests.faults.crash_processes import LOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.chaos.script import Blow

SHARED = "shared-"
WANTED_BY_TWO = ("ManagedImageTaken", "BadStagingResourceGroup")
"""Codes of errors for names that two want: the managed image or the staging group is the other template's."""


@dataclass(frozen=True)
class Reasons:
    """The reasons that there were, by the blows that were struck."""

    struck: Sequence[Blow]

    def excuse(self, name: str, told: str) -> bool:
        """Whether `told`, an error as text, has a true reason for a failure of the template `name`."""
        return any(word in told for word in self._words(name))

    @property
    def refused(self) -> bool:
        """Whether anything was refused for good."""
        return any(blow.kind == LASTING for blow in self.struck)

    def _words(self, name: str) -> Iterator[str]:
        if name.startswith(SHARED):
            yield from WANTED_BY_TWO
        for blow in self.struck:
            if blow.kind == AZURE_DIES:
                yield LOST
            if blow.kind == LASTING and blow.rule is not None:
                yield blow.rule["code"]
