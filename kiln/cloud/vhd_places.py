"""The check of the URLs that a template gives its VHDs: on submission, so that a typo is reported before a build."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln import blobs
from kiln.blob_urls import parts
from kiln.cloud.blob_tokens import may_have_token
from kiln.cloud.failures import azure, refused
from kiln.errors import AzureNotFound, BuildError, TargetNotFound
from kiln.template.distributors import VhdDistributor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.models import ImageTemplate

NO_SUCH_HOST = "Correct the storage account in uri; a private endpoint's name is known only in its own network."


def check(template: ImageTemplate) -> list[BuildError]:
    """Return an error for each `uri` whose storage account or container does not exist, or is closed to Kiln."""
    return list(_problems(template))


def require_storage(uri: str) -> None:
    """Raise `TargetNotFound` for a URL to which the app's own token must not be sent."""
    if not may_have_token(uri):
        raise TargetNotFound(
            f"{urlsplit(uri).hostname} is not a host of Azure Storage over https, so Kiln writes no VHD there.",
            target="properties.distribute",
            hint="Name a blob of a storage account in uri; KILN_BLOB_SUFFIXES has the names that count as one.",
        )


def _problems(template: ImageTemplate) -> Iterator[BuildError]:
    for index, target in enumerate(template.properties.distribute):
        if isinstance(target, VhdDistributor) and target.uri:
            try:
                _look(target.uri)
            except BuildError as error:
                path = f"properties.distribute[{index}].uri"
                yield refused(error.detail.message, target=path, hint=error.detail.hint)


def _look(uri: str) -> None:
    """Raise a `BuildError` unless the account and the container of a URL exist, and Kiln has access to them."""
    require_storage(uri)
    host = urlsplit(uri).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        if error.errno != socket.EAI_NONAME:
            raise
        raise TargetNotFound(f"The host {host} is not known.", hint=NO_SUCH_HOST) from error
    account, container, _ = parts(uri)
    try:
        with azure(f"look up the container {container} of {host}"):
            blobs.account(account).get_container_client(container).get_container_properties()
    except AzureNotFound as error:
        raise TargetNotFound(f"{account} has no container {container}.", hint="Create it first.") from error
