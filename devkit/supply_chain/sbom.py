"""Kiln's own bills of materials (SBOM): of the app that is deployed, and of the `kiln` command.

`python -m devkit.supply_chain.sbom [FILE]` writes the app's, made of requirements.txt. The command's has what
pyproject.toml asks for, in ranges, since whoever installs its wheel gets the versions of that day. CycloneDX 1.6 JSON
(ECMA-424). The same input gives the same bytes: a bill has no time, and its serial number is made of what is in it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from devkit.supply_chain.lock import read_lock

if TYPE_CHECKING:
    from devkit.supply_chain.lock import Pin

ROOT = Path(__file__).parents[2]
APP = "kiln"


def bill_of_materials(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the bill of the app, deployed with the pins of `lock` (requirements.txt's text).

    `project` is the table of that name in pyproject.toml.
    """
    pins = read_lock(lock)
    needs = [
        {"ref": APP, "dependsOn": sorted(_purl(pin) for pin in pins if pin.is_direct)},
        *({"ref": _purl(pin), "dependsOn": _needs(pin, pins)} for pin in pins),
    ]
    return _bill(project, lock, [_component(pin) for pin in pins], needs)


def command_bill(project: dict[str, Any]) -> dict[str, Any]:
    """Return the bill of the `kiln` command: the packages that its wheel asks for, without what these need."""
    asked = {Requirement(text).name: text for text in project["dependencies"]}
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}",
            "name": name,
            "purl": f"pkg:pypi/{name}",
            "properties": [{"name": "python:requirement", "value": text}],
        }
        for name, text in asked.items()
    ]
    needs = [{"ref": APP, "dependsOn": sorted(f"pkg:pypi/{name}" for name in asked)}]
    return _bill(project, "\n".join(project["dependencies"]), components, needs)


def _bill(
    project: dict[str, Any], made_of: str, components: list[dict[str, Any]], needs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a bill of Kiln, as `project` names it, with these components."""
    digest = hashlib.sha256(f"{APP} {project['version']}\n{made_of}".encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": APP,
                "supplier": {"name": project["authors"][0]["name"]},
                "name": APP,
                "version": project["version"],
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": components,
        "dependencies": needs,
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
    """Return the bill of the app in the repository `root`, as text."""
    return _text(bill_of_materials((root / "requirements.txt").read_text(encoding="utf-8"), _project(root)))


def written_of_command(root: Path = ROOT) -> str:
    """Return the bill of the `kiln` command in the repository `root`, as text."""
    return _text(command_bill(_project(root)))


def _project(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def _text(bill: dict[str, Any]) -> str:
    return json.dumps(bill, indent=2) + "\n"


def main() -> None:
    """Write the app's bill to the file that the command line names, or to stdout."""
    text = written()
    if len(sys.argv) > 1:
        file = Path(sys.argv[1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
