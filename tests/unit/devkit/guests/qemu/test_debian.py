"""The host's own mirrors are used for the base image, whatever release and syntax it has them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.guests.qemu.debian import host_sources

if TYPE_CHECKING:
    from pathlib import Path


def test_one_line_sources_are_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb [signed-by=/k.gpg] http://mirror.example/debian trixie main\n"
        "deb http://mirror.example/debian-security trixie-security main\n"
        "deb-src http://src.example/debian trixie main\n"
    )
    assert host_sources(tmp_path) == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_deb822_sources_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "debian.sources").write_text("Types: deb\nURIs: http://a.example/debian/\nSuites: bookworm\n")
    (folder / "other.sources").write_text("Types: deb\nURIs: http://b.example/node\nSuites: any\n")
    assert host_sources(tmp_path)[0] == "deb http://a.example/debian/ bookworm main"


def test_a_host_without_debian_mirrors_leaves_the_choice_to_mmdebstrap(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://mirror.example/ubuntu noble main\n")
    assert host_sources(tmp_path) == []
