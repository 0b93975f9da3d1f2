"""Parser of URLs of Azure Storage: the account, the container and the blob that a URL names. It asks nobody.

The account is the host. If the host is an IP address or localhost, as with emulators, the account is the first part of
the path (https://learn.microsoft.com/azure/storage/common/storage-connect-azurite#ip-style-url). The SDK's own parser
splits the path of a blob in a folder wrongly if the host has no `.core.` in its name, as at an Azure DNS zone's
endpoint.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_STAGING = re.compile(r"kiln[0-9a-f]{20}")
"""The names of staging accounts (`kiln.planner.names.storage_account`)."""


class BlobUrl(NamedTuple):
    """The parts of a URL, percent-decoded; `container` and `blob` may be empty."""

    account: str
    """The account's blob endpoint, without a slash at its end."""
    container: str
    blob: str


def parts(url: str) -> BlobUrl:
    """Return the parts of a URL, without its query. The name of a folder ends with a slash."""
    split = urlsplit(url)
    path, account = split.path.lstrip("/"), f"{split.scheme}://{split.netloc}"
    if _is_emulator(split.hostname or ""):
        name, _, path = path.partition("/")
        account = f"{account}/{name}"
    container, _, blob = path.partition("/")
    return BlobUrl(account, unquote(container), unquote(blob))


def is_staging(url: str) -> bool:
    """Tell by the account's name whether a URL is in a storage account of a template's staging group."""
    account = parts(url).account.rpartition("/")[2].partition(".")[0]
    return _STAGING.fullmatch(account.lower().removesuffix("-secondary")) is not None


def _is_emulator(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return host == "localhost"
