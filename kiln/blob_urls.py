"""What a URL of Azure Storage names: an account, a container in it, and a blob; nobody is asked.

The account is the host, or the first part of the path where the host is an IP address or localhost, as emulators have
it (https://learn.microsoft.com/azure/storage/common/storage-connect-azurite#ip-style-url). The SDK's own reading takes
a blob in a folder apart wrongly where a host has no `.core.` in its name: at an Azure DNS zone's endpoint, for one.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_STAGING = re.compile(r"kiln[0-9a-f]{20}")
"""The names of staging accounts (`kiln.planner.names.storage_account`)."""


class BlobUrl(NamedTuple):
    """A URL's parts, with nothing left escaped in the names; `container` and `blob` may be empty."""

    account: str
    """The account's blob endpoint, no slash at its end."""
    container: str
    blob: str


def parts(url: str) -> BlobUrl:
    """Return what a URL names; its query is left out, and a folder is a blob with a slash at its end."""
    split = urlsplit(url)
    path, account = split.path.lstrip("/"), f"{split.scheme}://{split.netloc}"
    if _is_emulator(split.hostname or ""):
        name, _, path = path.partition("/")
        account = f"{account}/{name}"
    container, _, blob = path.partition("/")
    return BlobUrl(account, unquote(container), unquote(blob))


def is_staging(url: str) -> bool:
    """Whether a URL is in a storage account of a template's staging group, to judge by the account's name."""
    account = parts(url).account.rpartition("/")[2].partition(".")[0]
    return _STAGING.fullmatch(account.lower().removesuffix("-secondary")) is not None


def _is_emulator(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return host == "localhost"
