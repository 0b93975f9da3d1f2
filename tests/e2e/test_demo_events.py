"""`make demo-events` as a user runs it, twice on the same data."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 150


def demo(data: Path) -> str:
    command = [sys.executable, "-m", "devkit.local.demo_events", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(2 * SECONDS)
def test_one_version_becomes_two_images_with_no_other_command(tmp_path: Path) -> None:
    first = demo(tmp_path)
    chain = re.findall(
        r"^\d\d:\d\d:\d\d  (\S+) +(SourceImage\.VersionPublished|Build\.Started|Image\.Published)", first, re.MULTILINE
    )
    assert chain.pop(0) == ("12-gen2", "SourceImage.VersionPublished")
    assert sorted(chain) == [
        ("app", "Build.Started"),
        ("app", "Image.Published"),
        ("base", "Build.Started"),
        ("base", "Image.Published"),
    ]
    assert chain[0] == ("base", "Build.Started")
    assert chain[-1] == ("app", "Image.Published")
    assert re.search(
        r"images/base/versions/1\.0\.1 from Debian:debian-12:12-gen2 12\.\d{8}\.\d{6}$", first, re.MULTILINE
    )
    assert re.search(r"images/app/versions/1\.0\.1 from base 1\.0\.1$", first, re.MULTILINE)
    assert first.count("up to date") == 2
    assert "1 version published, 2 images built and announced" in first

    second = demo(tmp_path)
    assert "Build once" not in second
    assert re.search(r"images/app/versions/1\.0\.2 from base 1\.0\.2$", second, re.MULTILINE)
