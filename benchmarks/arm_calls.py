"""The calls of a build to Azure Resource Manager, and the shares of its time: `python -m benchmarks.arm_calls`.

One build of examples/hello-linux.json against a running `kiln local up` (its endpoints.json is the argument's folder).
Times depend on the machine and are given as shares; calls do not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).parents[1]
NAME = "benchmark"
API = {"api-version": "2025-10-01"}
TEMPLATE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images"
    f"/providers/Microsoft.VirtualMachineImages/imageTemplates/{NAME}"
)


def main() -> None:
    """Build once and print calls by kind, and each phase's share of the time."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / ".kiln"
    endpoints = json.loads((data / "endpoints.json").read_text())
    azure = endpoints["azure"].replace("https://", "http://")
    httpx.delete(f"{azure}/_local/requests").raise_for_status()
    kiln = Path(sys.executable).with_name("kiln")
    example = REPOSITORY / "examples" / "hello-linux.json"
    subprocess.run([kiln, "build", example, "--name", NAME, "--endpoint", endpoints["host"]], check=True)
    calls = [call for call in httpx.get(f"{azure}/_local/requests").json()["requests"] if is_arm(call)]
    print_calls(calls)
    runs = httpx.get(f"{endpoints['host']}{TEMPLATE}/runs", params=API).json()["value"]
    print_phases(max(runs, key=lambda run: str(run["name"]))["properties"])


def is_arm(call: dict[str, Any]) -> bool:
    """Whether a request went to Azure Resource Manager (and not for a token, or to the control plane)."""
    return bool(call["path"].lower().startswith("/subscriptions/"))


def print_calls(calls: list[dict[str, Any]]) -> None:
    """Print calls by method and type of resource, most first."""
    kinds = Counter(f"{call['method']} {kind_of(call['path'])}" for call in calls)
    for kind, number in kinds.most_common():
        print(f"{number:5}  {kind}")
    writes = sum(number for kind, number in kinds.items() if not kind.startswith("GET"))
    print(f"{len(calls):5}  in all, of which {writes} writes")


def kind_of(path: str) -> str:
    """Return a path's types without its names."""
    if re.search(r"/(operations|operationresults|asyncoperations)/", path, re.IGNORECASE):
        return "operation status"
    parts = path.strip("/").split("/")
    if "providers" not in parts:
        return "resourceGroups"
    rest = parts[parts.index("providers") + 2 :]
    return "/".join(rest[::2]) + (f" ({rest[-1]})" if len(rest) % 2 and len(rest) > 1 else "")


def print_phases(run: dict[str, Any]) -> None:
    """Print each phase's seconds and share."""
    spans = {phase["name"]: seconds(phase["startTime"], phase["endTime"]) for phase in run["phases"]}
    whole = sum(spans.values())
    for name, span in spans.items():
        print(f"{name:11} {span:7.1f} s  {span / whole:6.1%}")
    print(f"{'in all':11} {whole:7.1f} s")


def seconds(start: str, end: str) -> float:
    """Return the seconds between two ISO 8601 times."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


if __name__ == "__main__":
    main()
