"""HTTP to subscribers: deliveries and the two validation handshakes.

It owns requests, headers and how an answer is read; it must not know what becomes of an event afterwards.
"""

from __future__ import annotations

import json
import ssl
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from devkit.azure import clock
from devkit.azure.entra import claims
from devkit.azure.entra.claims import About
from devkit.azure.eventgrid.events import CLOUD_EVENTS, METADATA_VERSION
from devkit.azure.eventgrid.retries import (
    ANSWER_SECONDS,
    RESOLUTION_ERROR,
    SOCKET_ERROR,
    TIMED_OUT,
    Attempt,
)
from devkit.azure.identity.app_identities import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from devkit.azure.entra.issuer import Issuer
    from devkit.azure.eventgrid.queue import Delivery

ORIGIN = "eventgrid.azure.net"
_JSON = "application/json; charset=utf-8"
_CLOUD_EVENT = "application/cloudevents+json; charset=utf-8"
_CLOUD_EVENTS_BATCH = "application/cloudevents-batch+json; charset=utf-8"
# The application id of Event Grid in the public cloud ("Secure WebHook delivery with Microsoft Entra ID").
_EVENT_GRID = Principal("4962773b-9cdb-44cf-a8bf-237846a00ab7", "4962773b-9cdb-44cf-a8bf-237846a00ab7", None)


@dataclass(frozen=True)
class Reply:
    """The end of a request, and the answer if there was one."""

    attempt: Attempt
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Sender:
    """Sends requests to subscribers; `close` when done. `answer_seconds` is how long an answer may take."""

    ca_file: Path | None
    issuer: Issuer
    answer_seconds: float = ANSWER_SECONDS
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def notify(
        self, url: str, name: str, batch: Sequence[Delivery], *, batched: bool, audience: str | None
    ) -> Attempt:
        """Deliver events of one schema and one number of attempts; a single CloudEvent goes alone, not in an array."""
        first = batch[0]
        documents: Any = [delivery.document for delivery in batch]
        cloud = first.schema == CLOUD_EVENTS
        headers = {
            "aeg-event-type": "Notification",
            "aeg-subscription-name": name.upper(),
            "aeg-delivery-count": str(first.attempts),
            "aeg-metadata-version": str(first.document["specversion"]) if cloud else METADATA_VERSION,
            "aeg-output-event-id": first.id,
            "Content-Type": _JSON,
        }
        if not cloud:
            headers["aeg-data-version"] = first.event.data_version
        elif batched:
            headers["Content-Type"] = _CLOUD_EVENTS_BATCH
        else:
            headers["Content-Type"], documents = _CLOUD_EVENT, documents[0]
        reply = await self._request("POST", url, headers | self._bearer(audience), json.dumps(documents).encode())
        return reply.attempt

    async def validate(self, url: str, name: str, topic: str, callback: str, audience: str | None) -> Reply | None:
        """Ask an endpoint by an event of the Event Grid schema; None if it has proved itself by its answer."""
        code = str(uuid.uuid4()).upper()
        event = {
            "id": str(uuid.uuid4()),
            "topic": topic,
            "subject": "",
            "data": {"validationCode": code, "validationUrl": callback},
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": clock.iso(clock.now()),
            "metadataVersion": METADATA_VERSION,
            "dataVersion": "2",
        }
        headers = {
            "aeg-event-type": "SubscriptionValidation",
            "aeg-subscription-name": name.upper(),
            "aeg-delivery-count": "0",
            "aeg-data-version": "2",
            "aeg-metadata-version": METADATA_VERSION,
            "Content-Type": _JSON,
        }
        reply = await self._request("POST", url, headers | self._bearer(audience), json.dumps([event]).encode())
        # "You must return an HTTP 200 OK response status code. HTTP 202 Accepted isn't recognized".
        return None if reply.attempt.status == 200 and _echoed(reply.body) == code else reply  # noqa: PLR2004  # as said

    async def ask_permission(self, url: str, callback: str) -> Reply | None:
        """Ask an endpoint as CloudEvents does (its "HTTP 1.1 Web Hooks", 4); None if it permits deliveries."""
        headers = {"WebHook-Request-Origin": ORIGIN, "WebHook-Request-Callback": callback}
        reply = await self._request("OPTIONS", url, headers, b"")
        status = reply.attempt.status or 0
        allowed = reply.headers.get("WebHook-Allowed-Origin")
        return None if status // 100 == 2 and allowed in {ORIGIN, "*"} else reply  # noqa: PLR2004  # 2xx

    async def _request(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        limit = aiohttp.ClientTimeout(total=self.answer_seconds)
        sent = {"Origin": ORIGIN, **headers}
        target = URL(url, encoded=True)
        try:
            async with self._open().request(
                method, target, headers=sent, data=body, timeout=limit, allow_redirects=False
            ) as response:
                return Reply(Attempt.answered(response.status), response.headers.copy(), await response.read())
        except TimeoutError:
            return Reply(TIMED_OUT)
        except aiohttp.ClientConnectorDNSError:
            return Reply(RESOLUTION_ERROR)
        except (aiohttp.ClientError, OSError):
            return Reply(SOCKET_ERROR)

    def _bearer(self, audience: str | None) -> dict[str, str]:
        """Make the header with a token for a webhook that is protected with Entra ID."""
        if audience is None:
            return {}
        made = claims.of_application(self.issuer, About(audience), _EVENT_GRID)
        return {"Authorization": f"Bearer {self.issuer.sign(made)}"}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trust = ssl.create_default_context()
            if self.ca_file is not None:
                trust.load_verify_locations(cafile=str(self.ca_file))
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        return self._session


def _echoed(body: bytes) -> str | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    found = answer.get("validationResponse") if isinstance(answer, dict) else None
    return str(found).upper() if found else None
