"""Kiln's own bill of materials: `python -m devkit.supply_chain.sbom [FILE]` writes it, made of requirements.txt alone.

CycloneDX 1.6 JSON (ECMA-424). The same pins give the same bytes: it has no time, and its serial number is made of what
is in it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.supply_chain.lock import read_lock

if TYPE_CHECKING:
    from devkit.supply_chain.lock import Pin

ROOT = Path(__file__).parents[2]
APP = "kiln"


def bill_of_materials(lock: str, version: str) -> dict[str, Any]:
    """Return the bill of Kiln in this version, deployed with the pins of `lock` (requirements.txt's text)."""
    pins = read_lock(lock)
    digest = hashlib.sha256(f"{APP} {version}\n{lock}".encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": APP, "name": APP, "version": version}},
        "components": [_component(pin) for pin in pins],
        "dependencies": [
            {"ref": APP, "dependsOn": sorted(_purl(pin) for pin in pins if pin.is_direct)},
            *({"ref": _purl(pin), "dependsOn": _needs(pin, pins)} for pin in pins),
        ],
    }


def _component(pin: Pin) -> dict[str, Any]:
    """Return a package. Its hashes are those of its files, one of which is installed."""
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": _purl(pin),
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{pin.name}/{pin.version}/",
                "hashes": [{"alg": "SHA-256", "content": content} for content in sorted(pin.hashes)],
            }
        ],
    }
    if pin.marker:
        component["properties"] = [{"name": "python:environmentMarker", "value": pin.marker}]
    return component


def _needs(pin: Pin, pins: tuple[Pin, ...]) -> list[str]:
    return sorted(_purl(other) for other in pins if pin.name in other.needed_by)


def _purl(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def written(root: Path = ROOT) -> str:
    """Return the bill of the repository in `root`, as text."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (root / "requirements.txt").read_text(encoding="utf-8")
    return json.dumps(bill_of_materials(lock, project["version"]), indent=2) + "\n"


def main() -> None:
    """Write the bill to the file that the command line names, or to stdout."""
    text = written()
    if len(sys.argv) > 1:
        file = Path(sys.argv[1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
