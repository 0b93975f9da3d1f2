"""What Kiln's own API answered to the clients of a test; the fixture `judged_by_specification` judges it at the end."""

from __future__ import annotations

from devkit.specification import Recorder

ANSWERED = Recorder()
