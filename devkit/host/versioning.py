"""Versions of instances, and which of them a host runs: host.json's `defaultVersion` and its two strategies.

The rules are DTFx's (Azure/durabletask `VersioningSettings` and `TaskOrchestrationDispatcher`) with the extension's
defaults (azure-functions-durable-extension `DurableTaskOptions`). An instance has the version that its client or parent
names, else the default of the host that creates it, for ever; activities have none.

A rejected instance is left as it is. On Azure its messages go back to their queue and are looked at again after 2, 4, 8
seconds and so on, up to 600, by their number of deliveries (`TaskHubQueue.AbandonMessageAsync`): a host that takes the
version may find them ten minutes late. Here no other host is there, and nothing is asked again before the next start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# The form that .NET's System.Version takes: two to four numbers.
_NUMBERS = re.compile(r"\d{1,9}(\.\d{1,9}){1,3}", re.ASCII)
MISMATCH = "Orchestration version did not comply with Worker Versioning"


class MatchStrategy(StrEnum):
    """The instances that a host runs: all, those of its own version, or those and older ones."""

    NONE = "None"
    STRICT = "Strict"
    CURRENT_OR_OLDER = "CurrentOrOlder"


class FailureStrategy(StrEnum):
    """The fate of instances that a host does not run: left for other hosts, or failed."""

    REJECT = "Reject"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class Versioning:
    """A host's version and strategies."""

    default: str | None = None
    match: MatchStrategy = MatchStrategy.CURRENT_OR_OLDER
    failure: FailureStrategy = FailureStrategy.REJECT

    def takes(self, version: str | None) -> bool:
        """Whether the host runs instances of this version."""
        match self.match:
            case MatchStrategy.NONE:
                return True
            case MatchStrategy.STRICT:
                return (version or "") == (self.default or "")
            case MatchStrategy.CURRENT_OR_OLDER:
                return not newer(version, self.default)

    @property
    def fails(self) -> bool:
        """Whether an instance that the host does not run fails."""
        return self.failure is FailureStrategy.FAIL


def newer(one: str | None, other: str | None) -> bool:
    """Whether a version is newer than another: by numbers if both have them, else as text; none is the oldest."""
    first, second = (one or "").strip(), (other or "").strip()
    if first and second and _NUMBERS.fullmatch(first) and _NUMBERS.fullmatch(second):
        return _numbers(first) > _numbers(second)
    return first.upper() > second.upper()


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
