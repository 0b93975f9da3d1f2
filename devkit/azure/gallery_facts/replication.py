"""Replication of a gallery version: the progress of each region, by the clock.

It owns the arithmetic over what a version's private part records; it must not know routes or operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import clock, regions

if TYPE_CHECKING:
    from devkit.azure.store import Resource


def begin(version: Resource, region: str, seconds: float, *, fault: dict[str, Any] | None = None) -> None:
    """Record that a copy into a region begins, and how long it lasts; with a fault it may be late or fail."""
    entry: dict[str, Any] = {"started": clock.now(), "seconds": seconds}
    if fault is not None:
        entry["seconds"] = fault.get("seconds", seconds)
        if "state" in fault:
            entry["failure"] = fault.get("details", "A fault rule of the local Azure made this fail.")
    version.private.setdefault("regions", {})[regions.normal(region)] = entry


def keep_only(version: Resource, names: list[str]) -> None:
    """Forget the regions that are no longer wanted."""
    wanted = {regions.normal(name) for name in names}
    held = version.private.get("regions", {})
    version.private["regions"] = {name: entry for name, entry in held.items() if name in wanted}


def remaining(version: Resource) -> float:
    """Return the seconds until the last region has ended, one way or another."""
    ends: list[float] = [entry["started"] + entry["seconds"] for entry in version.private.get("regions", {}).values()]
    return max([0.0, *(end - clock.now() for end in ends)])


def regional_state(version: Resource, region: str) -> str:
    """Return Replicating, Completed, Failed, or Unknown where nothing was begun."""
    entry = version.private.get("regions", {}).get(region.replace(" ", "").lower())
    if entry is None:
        return "Unknown"
    if clock.now() < entry["started"] + entry["seconds"]:
        return "Replicating"
    return "Failed" if "failure" in entry else "Completed"


def failures(version: Resource) -> dict[str, str]:
    """Return the regions that have failed, with the reason of each."""
    held = version.private.get("regions", {})
    return {name: held[name]["failure"] for name in held if regional_state(version, name) == "Failed"}


def status(version: Resource, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Build `replicationStatus` for the target regions."""
    summary = []
    for target in targets:
        name = regions.normal(target["name"])
        state = regional_state(version, name)
        entry = version.private.get("regions", {}).get(name)
        line = {"region": regions.REGIONS[name], "state": state, "details": "", "progress": 0}
        if entry is not None:
            elapsed = clock.now() - entry["started"]
            line["progress"] = 100 if elapsed >= entry["seconds"] else int(100 * elapsed / entry["seconds"])
            if state == "Failed":
                line["details"], line["progress"] = entry["failure"], 0
        summary.append(line)
    states = {line["state"] for line in summary}
    unfinished = "Failed" if "Failed" in states else "InProgress"
    return {"aggregatedState": "Completed" if states <= {"Completed"} else unfinished, "summary": summary}
