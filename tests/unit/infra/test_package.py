"""The deployed package has all that the app imports, and nothing else."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement

from tests.unit.infra.deployed import ROOT, files, imported

BESIDE_THE_CODE = {"LICENSE", "host.json", "requirements.txt"}
MODULES = {"azure-functions-durable": "azure.durable_functions", "pyjwt": "jwt"}
"""The modules of packages whose names do not become theirs by dots."""
COME_WITH_OTHERS = {"annotated_types", "azure.core", "cryptography", "pydantic_core", "requests"}
"""Modules of packages that come with Azure's clients, pyjwt's `crypto` and pydantic, in the version that these need."""
DATA = {"tzdata"}
"""Packages of data: zoneinfo reads this one, and nobody imports it."""


def asked() -> dict[str, str]:
    """Return the packages that requirements.in asks for, each with its module."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    names = [Requirement(line).name for line in lines if line and not line.startswith("#")]
    return {name: MODULES.get(name, name.replace("-", ".")) for name in names}


def is_within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def test_the_files_that_are_deployed_are_those_that_the_app_imports() -> None:
    own, _ = imported()

    assert files() == own | BESIDE_THE_CODE


def test_neither_tests_nor_tools_are_deployed() -> None:
    tops = {Path(path).parts[0] for path in files()}

    assert tops == {"activities", "function_app.py", "kiln", "orchestrators", "triggers"} | BESIDE_THE_CODE


def test_what_the_app_imports_is_installed_by_name() -> None:
    _, others = imported()
    known = {*asked().values(), *COME_WITH_OTHERS}
    namespaces = {module for module in others if any(is_within(package, module) for package in known)}

    assert {module for module in others - namespaces if not any(is_within(module, name) for name in known)} == set()


def test_what_is_installed_is_imported() -> None:
    _, others = imported()

    unused = {name for name, module in asked().items() if not any(is_within(other, module) for other in others)}
    assert unused == DATA
