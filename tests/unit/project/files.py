"""Reading of the files that make the repository a project: YAML, JSON and the Makefile's recipes."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

ROOT = Path(__file__).parents[3]


def read(path: str) -> str:
    """Return a file's text."""
    return (ROOT / path).read_text(encoding="utf-8")


def read_yaml(path: str) -> Any:
    """Return a YAML file's value, with the words that YAML 1.1 takes for booleans left as they are."""
    return yaml.load(read(path), Loader=_Yaml12)


def tracked(root: Path = ROOT) -> list[str]:
    """Return the files of the repository, those that are not committed yet among them."""
    return listed("--cached", "--others", "--exclude-standard", root=root)


def listed(*options: str, root: Path = ROOT) -> list[str]:
    """Return files that `git ls-files` lists. A release's source is no repository: an empty one is made for it."""
    with tempfile.TemporaryDirectory() as empty:
        repository: tuple[str, ...] = ()
        if not (root / ".git").exists():
            subprocess.run(["git", "init", "--quiet", "--bare", empty], check=True)
            repository = (f"--git-dir={empty}", f"--work-tree={root}")
        command = ["git", *repository, "ls-files", *options]
        paths = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in paths if (root / path).exists()]


def recipe(target: str) -> list[str]:
    """Return the commands of a target of the Makefile, with its variables in place."""
    makefile = read("Makefile")
    variables = dict(re.findall(r"^([A-Z]+) :?= (.*)$", makefile, re.MULTILINE))
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert found, f"the Makefile has no target {target}"
    return [_expanded(line.strip().removeprefix("@"), variables) for line in found[1].splitlines()]


def _expanded(line: str, variables: dict[str, str]) -> str:
    while (found := re.search(r"\$\(([A-Z]+)\)", line)) and found[1] in variables:
        line = line.replace(found[0], variables[found[1]])
    return line


class _Yaml12(yaml.SafeLoader):  # type: ignore[misc]  # untyped
    """YAML whose `on` is a word, as GitHub and pre-commit read it."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
