"""The reach that this process's settings give."""

from __future__ import annotations

from kiln.access.reach import Reach
from kiln.config import config


def configured_reach() -> Reach:
    """Return who may name what. Kiln's own storage holds every template and run, and the app: no image goes there."""
    return Reach.read(config().reach, never=(config().state_endpoint,))
