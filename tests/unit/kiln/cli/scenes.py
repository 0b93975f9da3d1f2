"""Runs as the API shows them, from their first moment to their last, for tests of screens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 7, 16, 9, 0, 0, tzinfo=UTC)
GALLERY = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images/providers/Microsoft.Compute"
    "/galleries/gallery/images/hello/versions/1.0.0"
)
VHD = "https://127.0.0.1:10000/kilnstaging/vhds/20260716-090000-1a2b3c4d/hello-vhd.vhd"
ENDS = {
    "plan": 0.4,
    "stage": 4.1,
    "provision": 9.6,
    "customize": 21.0,
    "generalize": 30.2,
    "capture": 41.7,
    "distribute": 62.3,
    "clean up": 66.0,
}
GALLERY_OUTPUT = {
    "name": "hello-gallery",
    "kind": "SharedImage",
    "artifactId": GALLERY,
    "regions": ["westeurope", "northeurope"],
}
VHD_OUTPUT = {"name": "hello-vhd", "kind": "VHD", "artifactUri": VHD, "regions": []}
CUSTOMIZER_FAILED = {
    "code": "CustomizerFailed",
    "message": "Customizer 'release' ended with exit code 7. Its last output was:\n"
    "Installing [app]\nno such package: app\n",
    "target": "properties.customize[0]",
    "hint": "The whole output is in customization.log.",
}
REGION_FAILED = {
    "code": "AzureFailed",
    "message": "Azure failed to replicate to northeurope: AllocationFailed: there is no room.",
    "details": [{"code": "AllocationFailed", "message": "there is no room."}],
}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def phases(
    until: str,
    *,
    running: bool,
    failed: str | None = None,
    error: dict[str, Any] | None = None,
    note: str | None = None,
) -> list[dict[str, Any]]:
    """Return the phases up to `until`; after a `failed` one, which has the `error`, comes clean-up alone."""
    names = list(ENDS)[: list(ENDS).index(until) + 1]
    if failed:
        names = [name for name in names if ENDS[name] <= ENDS[failed] or name == "clean up"]
    found: list[dict[str, Any]] = []
    begin = 0.0
    for name in names:
        phase: dict[str, Any] = {"name": name, "state": "Succeeded", "startTime": at(begin), "endTime": at(ENDS[name])}
        if name == failed:
            phase |= {"state": "Failed", **({"error": error} if error else {})}
        begin = ENDS[name]
        found.append(phase)
    if running:
        found[-1]["state"] = "Running"
        del found[-1]["endTime"]
    if note:
        found[-1]["note"] = note
    return found


def running(until: str, note: str | None = None) -> dict[str, Any]:
    """A run under way in the phase `until`."""
    return {
        "runState": "Running",
        "runSubState": "Building",
        "startTime": at(0),
        "phases": phases(until, running=True, note=note),
    }


def over(state: str, **more: Any) -> dict[str, Any]:
    """A run that ended after all its phases."""
    ended = {"runState": state, "startTime": at(0), "endTime": at(66.0), "phases": phases("clean up", running=False)}
    return {**ended, **more}


def succeeded() -> list[dict[str, Any] | Exception]:
    return [
        running("plan"),
        running("provision", note="waiting for the agent"),
        running("distribute", note="northeurope: 40 %"),
        over("Succeeded", outputs=[GALLERY_OUTPUT, VHD_OUTPUT], sourceVersion="0.20260701.1"),
    ]


def failed() -> list[dict[str, Any] | Exception]:
    ended = over("Failed", error=CUSTOMIZER_FAILED)
    ended["phases"] = phases("clean up", running=False, failed="customize", error=CUSTOMIZER_FAILED)
    return [running("customize", note="release"), ended]


def partial() -> list[dict[str, Any] | Exception]:
    late = {**GALLERY_OUTPUT, "regions": ["westeurope"], "error": REGION_FAILED}
    leftovers = ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d: a lease is held"]
    ended = over("PartiallySucceeded", outputs=[late, VHD_OUTPUT], leftovers=leftovers)
    next(phase for phase in ended["phases"] if phase["name"] == "distribute").update(
        state="Failed", error=REGION_FAILED
    )
    return [running("distribute"), ended]


def canceled() -> list[dict[str, Any] | Exception]:
    ended = over("Canceled", error={"code": "RunCanceled", "message": "Run 1 was canceled."})
    ended["phases"] = phases("clean up", running=False, failed="customize")
    return [running("customize"), {**running("customize"), "runState": "Canceling"}, ended]


def invalid() -> list[dict[str, Any] | Exception]:
    """A run with all phases, whose validator fails and whose validation machine is kept."""
    ends = {**ENDS, "optimize": 24.0, "validate": 36.5}
    names = ["plan", "stage", "provision", "customize", "optimize", "generalize", "validate"]
    found: list[dict[str, Any]] = []
    begin = 0.0
    for name in names:
        found.append({"name": name, "state": "Succeeded", "startTime": at(begin), "endTime": at(ends[name])})
        begin = ends[name]
    found[-1] |= {"state": "Failed", "note": "step 1 of 1: smoke"}
    found.append({"name": "clean up", "state": "Succeeded", "startTime": at(begin), "endTime": at(66.0)})
    machine = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/validate-1"
    error = {**CUSTOMIZER_FAILED, "code": "ValidatorFailed", "message": "Validator 'smoke' ended with exit code 1."}
    return [running("customize"), over("Failed", phases=found, error=error, kept=[machine])]
