"""The reach that this process's settings give: read anew each time, for it is small and decides a lot."""

from __future__ import annotations

import os

from kiln.access.reach import SETTING, Reach
from kiln.config import config


def configured_reach() -> Reach:
    """Return who may name what. Kiln's own storage holds every template and run, and the app: no image goes there."""
    return Reach.read(os.environ.get(SETTING), never=(config().state_endpoint,))
