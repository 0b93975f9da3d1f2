"""The launcher's changes of Azurite, with a package in Azurite's place that reports what it does."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from devkit.azurite import process
from devkit.azurite.node import find_node

if TYPE_CHECKING:
    from pathlib import Path

LAUNCHER = process.__file__.replace("process.py", "launcher.js")
PARTS = {
    "common/AccountDataStore.js": (
        "exports.default = class { getAccount() {} refresh() {} parserAccountsEnvironmentString() {} };"
    ),
    "blob/gc/BlobGCManager.js": "exports.default = class { async markSweep() { console.log('swept'); } };",
    "blob/main.js": ("process.on('SIGTERM', () => {});new (require('./gc/BlobGCManager').default)().markSweep();"),
}


def launched(folder: Path, *arguments: str, **parts: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher until it says that Azurite can be stopped, on PARTS with `parts` (by stem) in their place."""
    for name, text in PARTS.items():
        file = folder / "dist/src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(parts.get(file.stem, text))
    (folder / "accounts").touch()
    settings = {"KILN_AZURITE_ACCOUNTS_FILE": str(folder / "accounts"), "KILN_AZURITE_PACKAGE": str(folder)}
    command = [str(find_node()), LAUNCHER, *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)


def test_garbage_is_collected_on_disk_and_never_in_memory(tmp_path: Path) -> None:
    on_disk = launched(tmp_path, "--location", str(tmp_path))
    in_memory = launched(tmp_path, "--inMemoryPersistence")
    assert "swept" in on_disk.stdout.splitlines()
    assert "Azurite can be stopped" in in_memory.stdout.splitlines()
    assert "swept" not in in_memory.stdout.splitlines()


@pytest.mark.parametrize(
    ("part", "told"), [("AccountDataStore", "keeps its accounts"), ("BlobGCManager", "collects its garbage")]
)
def test_an_azurite_that_is_made_otherwise_is_refused(tmp_path: Path, part: str, told: str) -> None:
    result = launched(tmp_path, **{part: "exports.default = class {};"})
    assert result.returncode == 2
    assert f"{told} differently from the version in package.json" in result.stderr
