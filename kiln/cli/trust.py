"""The certificate authorities that a command trusts: a file that the user names, or one of an installed package.

Packages name files through entry points of the group `kiln.trust`: each is a function of a server's origin
(`https://host:port`) that returns a PEM file's path, or None if it does not know the server. A file that the user names
for Kiln (--ca-file, KILN_CA_FILE) takes precedence over the packages, and these over the variables for all programs,
which are not about this server in particular. Kiln knows none of the packages by name.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.cli.faults import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "kiln.trust"
FOR_KILN_ALONE = ("--ca-file", "KILN_CA_FILE")
CA_VARIABLES = ("KILN_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables that may name a file of certificate authorities, in order of precedence, after --ca-file."""


@dataclass(frozen=True)
class Trust:
    """A file of trusted certificate authorities, and what named it; without a file, the usual public authorities."""

    file: str | None
    named_by: str

    @staticmethod
    def read(option: str | None, variables: Mapping[str, str]) -> Trust:
        """Return the file that --ca-file or an environment variable names.

        Raises `UsageFailure` if that file does not exist.
        """
        named = [("--ca-file", option), *((name, variables.get(name)) for name in CA_VARIABLES)]
        for source, file in named:
            if file:
                if not Path(file).exists():
                    raise UsageFailure(f"{source} names {file}, which does not exist.")
                return Trust(file=file, named_by=source)
        return Trust(file=None, named_by="")


def trust_in(url: str, trust: Trust) -> Trust:
    """Return the authorities to trust for the server of `url`: those of a package that knows it, else `trust`."""
    if trust.named_by in FOR_KILN_ALONE:
        return trust
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    for entry in importlib.metadata.entry_points(group=GROUP):
        file = entry.load()(origin)
        if file is not None:
            return Trust(file=str(file), named_by=f"the package behind {entry.value}")
    return trust
