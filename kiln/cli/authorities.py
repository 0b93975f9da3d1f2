"""Certificate authorities that other installed packages vouch for, through the entry points of the group `kiln.trust`.

Each entry is a function of a server's origin (`https://host:port`) that returns a PEM file's path, or None if it does
not know the server. It is asked only where no option or variable names a file; Kiln knows none of them by name.
"""

from __future__ import annotations

import importlib.metadata
from urllib.parse import urlsplit

from kiln.cli.settings import Trust

GROUP = "kiln.trust"


def trust_in(url: str, trust: Trust) -> Trust:
    """Return `trust` if it names a file, else the authorities that an installed package has for the server of `url`."""
    if trust.file is not None:
        return trust
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    for entry in importlib.metadata.entry_points(group=GROUP):
        file = entry.load()(origin)
        if file is not None:
            return Trust(file=str(file), named_by=f"the package behind {entry.value}")
    return trust
