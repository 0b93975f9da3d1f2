"""Cache entries appear complete or not at all, and are built once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from devkit.guests.qemu.cache import build_once

if TYPE_CHECKING:
    from pathlib import Path


def test_two_builders_at_once_build_once(tmp_path: Path) -> None:
    built: list[Path] = []

    async def build(target: Path) -> None:
        built.append(target)
        await asyncio.sleep(0)
        (target / "file").write_text("done")

    async def scenario() -> None:
        await asyncio.gather(*(build_once(tmp_path / "entry", build) for _ in range(3)))

    asyncio.run(scenario())
    assert len(built) == 1
    assert (tmp_path / "entry" / "file").read_text() == "done"


def test_a_failed_build_leaves_no_entry_and_can_be_repeated(tmp_path: Path) -> None:
    async def fail(target: Path) -> None:
        (target / "half").write_text("")
        raise RuntimeError("no mirror")

    async def succeed(target: Path) -> None:
        (target / "whole").write_text("")

    with pytest.raises(RuntimeError, match="no mirror"):
        asyncio.run(build_once(tmp_path / "entry", fail))
    assert not (tmp_path / "entry").exists()

    asyncio.run(build_once(tmp_path / "entry", succeed))
    assert [path.name for path in (tmp_path / "entry").iterdir()] == ["whole"]
