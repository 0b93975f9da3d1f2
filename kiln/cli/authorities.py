"""Certificate authorities that other installed packages vouch for, through the entry points of the group `kiln.trust`.

Each entry is a function of a server's origin (`https://host:port`) that returns a PEM file's path, or None if it does
not know the server. What names a file for Kiln alone (--ca-file, KILN_CA_FILE) comes first; variables that speak for
all programs come last, since they know nothing of this very server. Kiln knows none of the packages by name.
"""

from __future__ import annotations

import importlib.metadata
from urllib.parse import urlsplit

from kiln.cli.settings import Trust

GROUP = "kiln.trust"
FOR_KILN_ALONE = ("--ca-file", "KILN_CA_FILE")


def trust_in(url: str, trust: Trust) -> Trust:
    """Return whom to trust for the server of `url`: the authority of a package that knows it, else `trust`."""
    if trust.named_by in FOR_KILN_ALONE:
        return trust
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    for entry in importlib.metadata.entry_points(group=GROUP):
        file = entry.load()(origin)
        if file is not None:
            return Trust(file=str(file), named_by=f"the package behind {entry.value}")
    return trust
