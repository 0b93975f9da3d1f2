"""Latency of Azure's operations: one table of seconds per kind of operation, and the two profiles made from it.

It owns durations and Retry-After; it must not know what an operation does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AZURE_SECONDS: Mapping[str, float] = {
    # Where a public measurement exists it is named; the others are orders of magnitude seen in ARM deployment
    # logs (deployment operations list a `duration`), chosen in the middle.
    "group.delete": 60,  # azure-arm Packer logs: resource deletion about 60 s of a 3 min 13 s build
    "network.put": 4,
    "network.delete": 11,
    "subnet.put": 4,
    "subnet.delete": 11,
    "securityGroup.put": 2,
    "securityGroup.delete": 3,
    "interface.put": 1,
    "interface.delete": 2,
    "storage.put": 22,
    "vm.put": 40,  # Packer azure-arm logs: a Linux VM's deployment takes 30-60 s
    "vm.start": 25,
    "vm.restart": 20,
    "vm.powerOff": 20,
    "vm.deallocate": 50,  # hashicorp/packer#7899: 53 s, seen by the poller 43 s later
    "vm.delete": 30,
    "runCommand.put": 5,  # the agent's polling; action Run Commands have a documented floor of about 20 s
    "runCommand.delete": 5,
    "disk.put": 3,
    "disk.delete": 2,
    "disk.grant": 3,
    "disk.revoke": 3,
    "snapshot.put": 5,
    "snapshot.delete": 2,
    "snapshot.copy": 10 * 60,  # CopyStart, in the background: bytes over the same network as a gallery's replication
    "image.put": 20,  # Packer azure-arm logs: the capture of a managed image ends well below a minute
    "image.delete": 15,
    "gallery.put": 10,
    "gallery.delete": 15,
    "definition.put": 5,
    "definition.delete": 10,
    "version.home": 15 * 60,  # packer-plugin-azure#313: "15-20 minutes" for a full version in one region
    "version.delete": 30,
    "replication": 10 * 60,  # AgentBaker#742, packer#7865: from some minutes to hours; a small image in a near region
    "topic.put": 15,  # Event Grid's: a guess, for want of a figure; a subscription waits for its handshake as well
    "topic.delete": 10,
    "systemTopic.put": 15,
    "systemTopic.delete": 10,
    "eventSubscription.put": 10,
    "Microsoft.EventGrid/topics/eventSubscriptions.delete": 5,
    "Microsoft.EventGrid/systemTopics/eventSubscriptions.delete": 5,
    "runCommand.append": 15,  # managed Run Command: append blobs are written "every 15 seconds"
}


@dataclass(frozen=True)
class Latency:
    """A profile: seconds per kind of operation (missing: at once) and what Retry-After asks for, in seconds."""

    name: str
    table: Mapping[str, float]
    retry_after: float

    def scaled(self, factor: float) -> Latency:
        """Return the profile with every time multiplied by `factor`; Retry-After stays a whole second."""
        return Latency(
            self.name,
            {kind: seconds * factor for kind, seconds in self.table.items()},
            math.ceil(self.retry_after * factor),
        )

    def seconds(self, kind: str) -> float:
        """Return how long an operation lasts at least."""
        return self.table.get(kind, 0.0)

    @property
    def append_interval(self) -> float:
        """Seconds between two appends to a run command's output blob; 0.3 where Azure's 15 are not imitated."""
        return self.table.get("runCommand.append", 0.3)


INSTANT = Latency("instant", {}, 0)
AZURE = Latency("azure", AZURE_SECONDS, 10)
PROFILES = {profile.name: profile for profile in (INSTANT, AZURE)}
