"""A subscriber for Event Grid's tests, and the real SDKs pointed at the local Event Grid.

It owns one HTTP server in a thread; it must not know what is tested.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import httpx
from azure.core.credentials import AccessToken
from azure.eventgrid import EventGridPublisherClient
from azure.mgmt.eventgrid import EventGridManagementClient

from tests.contract.azure.harness import SEEDED, Harness
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from devkit.azurite.certificates import Certificates

TOPICS = f"{SEEDED}/providers/Microsoft.EventGrid/topics"


@dataclass(frozen=True)
class Received:
    """One request to a subscriber."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def ids(self) -> list[str]:
        """The ids of the events in it."""
        events = self.body if isinstance(self.body, list) else [self.body]
        return [event["id"] for event in events]


@dataclass
class Subscriber:
    """Validates itself, takes all events and keeps them; `answers` are statuses for the next notifications."""

    answers: list[int] = field(default_factory=list)
    certificates: Certificates | None = None
    valid: bool = True
    silent: bool = False
    _requests: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"subscriber": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if self.certificates is not None:
            context = self.certificates.server_context()
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.released = threading.Event()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        scheme = "http" if self.certificates is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}/hook?code=secret"

    def requests(self, kind: str = "Notification") -> list[Received]:
        """The requests so far with this `aeg-event-type`; "" for those without."""
        return [item for item in list(self._requests) if item.headers.get("aeg-event-type", "") == kind]

    def notified(self, count: int) -> list[Received]:
        """Wait for at least so many notifications, and return all."""
        until(lambda: len(self.requests()) >= count)
        return self.requests()

    def take(self, request: Received) -> tuple[int, dict[str, str], Any]:
        self._requests.append(request)
        if self.silent:
            self.released.wait()
        kind = request.headers.get("aeg-event-type")
        if request.method == "OPTIONS":
            return 200, {"WebHook-Allowed-Origin": "*"} if self.valid else {}, None
        if kind == "SubscriptionValidation":
            code = request.body[0]["data"]["validationCode"]
            return 200, {}, {"validationResponse": code} if self.valid else {}
        return (self.answers.pop(0) if self.answers else 200), {}, None


class _Handler(BaseHTTPRequestHandler):
    subscriber: Subscriber

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        status, sent, answer = self.subscriber.take(Received(self.command, self.path, headers, body))
        content = b"" if answer is None else json.dumps(answer).encode()
        try:
            self.send_response(status)
            for name, value in {**sent, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:  # the sender has given up waiting
            self.close_connection = True

    do_POST = do_OPTIONS = _serve  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


class TokenCredential:
    """Tokens of the local Azure's managed identity endpoint."""

    def __init__(self, cloud: Harness) -> None:
        self._url = f"{cloud.url}/msi/token"

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        asked = {"api-version": "2019-08-01", "resource": scopes[0].removesuffix("/.default")}
        answer = httpx.get(self._url, params=asked, headers={"X-IDENTITY-HEADER": "local"}, trust_env=False).json()
        return AccessToken(answer["access_token"], int(answer["expires_on"]))


def management(cloud: Harness) -> Any:
    """The real management client."""
    return cloud._client(EventGridManagementClient)


def make_topic(cloud: Harness, name: str, **properties: Any) -> Any:
    """Make a topic that takes CloudEvents unless told otherwise."""
    topic = {"location": "westeurope", "input_schema": "CloudEventSchemaV1_0", **properties}
    return management(cloud).topics.begin_create_or_update("rg-images", name, topic).result()


def publisher(cloud: Harness, topic: Any, credential: Any = None) -> EventGridPublisherClient:
    """The real publisher client, over https. It trusts the CA in REQUESTS_CA_BUNDLE, for it drops its options."""
    return EventGridPublisherClient(topic.endpoint.replace("http://", "https://"), credential or TokenCredential(cloud))


def subscribe(cloud: Harness, topic: str, name: str, url: str, **properties: Any) -> Any:
    """Make an event subscription with a webhook."""
    destination = {"endpointType": "WebHook", "properties": {"endpointUrl": url, **properties.pop("batch", {})}}
    body = {"properties": {"destination": destination, **properties}}
    poller = management(cloud).topic_event_subscriptions.begin_create_or_update("rg-images", topic, name, body)
    return poller.result()


def deliveries(cloud: Harness) -> Any:
    """The control plane's account of deliveries."""
    return cloud.local("GET", "eventgrid/deliveries")


def advance(cloud: Harness, seconds: float) -> None:
    """Move Event Grid's time."""
    cloud.local("POST", "eventgrid/clock", json={"advance": seconds})


def settled(cloud: Harness, check: Callable[[Any], bool]) -> Any:
    """Wait until the control plane's account of deliveries is as `check` wants it, and return it."""
    return until(lambda: (found := deliveries(cloud)) and check(found) and found)
