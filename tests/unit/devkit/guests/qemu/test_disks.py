"""Socket paths stay within the kernel's limit, wherever the data directory is."""

from __future__ import annotations

from pathlib import Path

from devkit.guests.qemu.disks import short_socket_directory, socket_directory


def test_a_short_directory_holds_its_own_sockets(tmp_path: Path) -> None:
    assert short_socket_directory(Path("/srv/kiln/guests/abc")) == Path("/srv/kiln/guests/abc")
    with socket_directory(tmp_path) as sockets:
        assert sockets.is_dir()


def test_a_long_directory_gets_a_stand_in_of_its_own_that_goes_away_again(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    other = tmp_path / ("y" * 100)
    assert short_socket_directory(long) != short_socket_directory(other)
    with socket_directory(long) as sockets:
        assert len(str(sockets / "monitor")) < 100
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists()
