"""The artefacts of a release: `python -m devkit.supply_chain.release [FOLDER]` makes them of the last commit alone.

The wheel of the `kiln` command, the source that is deployed, the bill of materials of both, and the SHA-256 of each.
The same commit gives the same bytes, with the same setuptools and git.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from devkit.supply_chain.sbom import ROOT, written, written_of_command

SUMS = "SHA256SUMS"
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
_SECONDS = 300


def make(root: Path, folder: Path) -> tuple[Path, ...]:
    """Make all artefacts of the last commit of the repository `root` in `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    version = version_of(root)
    source = folder / f"kiln-{version}-source.tar.gz"
    _git(root, "archive", "--format=tar.gz", f"--prefix=kiln-{version}/", f"--output={source.absolute()}", "HEAD")
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="data")
        tree = Path(scratch) / f"kiln-{version}"
        wheel = _wheel(tree, folder, epoch=_git(root, "show", "--no-patch", "--format=%ct", "HEAD"))
        of_app, of_command = folder / f"kiln-{version}-app.cdx.json", folder / f"kiln-{version}-command.cdx.json"
        of_app.write_text(written(tree), encoding="utf-8")
        of_command.write_text(written_of_command(tree), encoding="utf-8")
    artefacts = (wheel, source, of_app, of_command)
    (folder / SUMS).write_text("".join(f"{_sha256(path)}  {path.name}\n" for path in artefacts), encoding="utf-8")
    return (*artefacts, folder / SUMS)


def version_of(root: Path) -> str:
    """Return the version that the last commit's pyproject.toml names."""
    return str(tomllib.loads(_git(root, "show", "HEAD:pyproject.toml"))["project"]["version"])


def _wheel(tree: Path, folder: Path, *, epoch: str) -> Path:
    """Build the wheel of a source tree with this environment's setuptools, dated as the commit is."""
    subprocess.run(
        [sys.executable, "-c", _BUILD, folder.absolute()],
        cwd=tree,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        umask=0o022,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=_SECONDS,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS).stdout.strip()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Make the artefacts in the folder that the command line names, or in dist/VERSION, and list them."""
    version = version_of(ROOT)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / version
    if _git(ROOT, "status", "--porcelain"):
        sys.stderr.write("Note: changes that are not committed are not in it.\n")
    artefacts = make(ROOT, folder)
    sys.stdout.write(f"Kiln {version} of commit {_git(ROOT, 'rev-parse', 'HEAD')}, in {folder}:\n")
    for path in artefacts:
        sys.stdout.write(f"  {path.stat().st_size:>9,}  {path.name}\n")
    sys.stdout.write((folder / SUMS).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
