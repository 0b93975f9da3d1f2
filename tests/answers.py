"""Answers of Kiln's own API to the clients of a test; the fixture `judged_by_specification` judges them at the end."""

from __future__ import annotations

from devkit.specification import Recorder

ANSWERED = Recorder()
