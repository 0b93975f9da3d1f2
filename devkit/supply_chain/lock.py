"""requirements.txt, read: each package that is deployed, with its hashes and who needs it.

It owns the file's form, which is that of uv and pip; it must not know what is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ASKED = "-r requirements.in"
"""The origin of a directly needed package, in uv's words."""


@dataclass(frozen=True)
class Pin:
    """One package: its SHA-256 hashes (of each file that may be installed), and the packages that need it.

    `is_direct` tells that requirements.in names it.
    """

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]
    is_direct: bool


def read_lock(text: str) -> tuple[Pin, ...]:
    """Return the pins of a requirements.txt, in its order. Raises `ValueError` for a line that pins nothing."""
    return tuple(_pin(block) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each package: the first is not indented, the others are."""
    block: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(("#", "--")):
            continue
        if not line.startswith(" ") and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _pin(block: list[str]) -> Pin:
    requirement = Requirement(block[0].removesuffix("\\").strip())
    exact = [item.version for item in requirement.specifier if item.operator == "=="]
    if len(exact) != 1 or len(requirement.specifier) != 1:
        raise ValueError(f"{block[0]!r} does not pin one version")
    comments = [line.strip().removeprefix("#").strip() for line in block if line.strip().startswith("#")]
    needed_by = [comment.removeprefix("via").strip() for comment in comments]
    return Pin(
        name=requirement.name,
        version=exact[0],
        marker=str(requirement.marker) if requirement.marker else None,
        hashes=tuple(found for line in block for found in _HASH.findall(line)),
        needed_by=tuple(name for name in needed_by if name and name != _ASKED),
        is_direct=_ASKED in needed_by,
    )
