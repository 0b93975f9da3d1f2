"""A client of the blob REST API, as small as the local Azure's own needs: containers; block, page and append blobs.

It owns requests and their authorisation by account key or SAS; it must not know what the blobs mean.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import aiohttp
from yarl import URL

from devkit.azure import signing
from devkit.azure.errors import ArmError
from devkit.azure.sparse import Pieces

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azure.storage_port import StorageAccounts

_APPEND_LIMIT = 4 * 1024 * 1024  # bytes; learn.microsoft.com, "Append Block", versions before 2022-11-02
_PARALLEL = 4


@dataclass
class Blobs:
    """Requests to the accounts behind the port; `close` when done."""

    accounts: StorageAccounts
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def ensure_container(self, account: str, container: str) -> None:
        """Make a container unless it is there."""
        await self._signed("PUT", account, f"/{container}?restype=container", accept={201, 409})

    async def delete_containers(self, account: str) -> None:
        """Delete all containers of an account, and so its data."""
        listing = await self._signed("GET", account, "/?comp=list", accept={200})
        names = [node.text for node in ET.fromstring(listing).iter("Name")]  # noqa: S314  # our own server's answer
        for name in names:
            await self._signed("DELETE", account, f"/{name}?restype=container", accept={202, 404})

    async def delete(self, account: str, blob: str) -> None:
        """Delete a blob ("container/name") if it is there."""
        await self._signed("DELETE", account, f"/{blob}", accept={202, 404})

    async def upload(self, account: str, blob: str, content: bytes, content_type: str) -> None:
        """Write a block blob ("container/name") in one piece. Raises ArmError (400) if the container is not there."""
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": content_type}
        await self._signed("PUT", account, f"/{blob}", headers=headers, data=content, accept={201})

    async def upload_disk(self, account: str, blob: str, source: Path) -> None:
        """Write a sparse file as a page blob, only its pages that are not zero, several at a time."""
        size = (await asyncio.to_thread(source.stat)).st_size
        create = {"x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(size)}
        await self._signed("PUT", account, f"/{blob}", headers=create, accept={201})
        pieces = Pieces(source)

        async def work() -> None:
            while (piece := await asyncio.to_thread(pieces.take)) is not None:
                offset, data = piece
                span = {"x-ms-page-write": "update", "x-ms-range": f"bytes={offset}-{offset + len(data) - 1}"}
                await self._signed("PUT", account, f"/{blob}?comp=page", headers=span, data=data, accept={201})

        with pieces:
            await asyncio.gather(*(work() for _ in range(_PARALLEL)))

    async def create_append(self, url: str) -> None:
        """Make an empty append blob at a SAS URL, replacing what was there. Raises ArmError (400)."""
        await self._request("PUT", url, headers={"x-ms-blob-type": "AppendBlob"}, data=b"", accept={201})

    async def append(self, url: str, data: bytes) -> None:
        """Append to the blob at a SAS URL, in as many blocks as it takes."""
        target = f"{url}&comp=appendblock" if "?" in url else f"{url}?comp=appendblock"
        for start in range(0, len(data), _APPEND_LIMIT):
            await self._request("PUT", target, headers={}, data=data[start : start + _APPEND_LIMIT], accept={201})

    async def read(self, url: str) -> bytes:
        """Read the content behind a URL, such as a script's by its SAS."""
        return await self._request("GET", url, headers={}, data=b"", accept={200})

    async def _signed(
        self,
        method: str,
        account: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        data: bytes = b"",
        accept: set[int],
    ) -> bytes:
        url = self.accounts.endpoint(account) + path
        sent = {**(headers or {}), "x-ms-date": formatdate(usegmt=True), "x-ms-version": signing.VERSION}
        sent["Content-Length"] = str(len(data))
        sent["Content-Type"] = "application/octet-stream"
        key = self.accounts.create(account)
        sent["Authorization"] = signing.shared_key(account, key, method, url, sent)
        return await self._request(method, url, headers=sent, data=data, accept=accept)

    async def _request(self, method: str, url: str, *, headers: dict[str, str], data: bytes, accept: set[int]) -> bytes:
        sent = {"x-ms-version": signing.VERSION, **headers}
        # `encoded`: a signature in the query must arrive as it was signed.
        address = URL(url, encoded=True)
        where = url.split("?", maxsplit=1)[0]
        try:
            async with self._open().request(method, address, headers=sent, data=io.BytesIO(data)) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ArmError(400, "BlobRequestFailed", f"{method} {where} got no answer: {error}") from error
        if response.status not in accept:
            reason = body.decode(errors="replace")[:300]
            raise ArmError(400, "BlobRequestFailed", f"{method} {where} answered {response.status}: {reason}")
        return body

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            authority = self.accounts.ca_file
            trust = ssl.create_default_context(cafile=str(authority) if authority else None)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        return self._session
