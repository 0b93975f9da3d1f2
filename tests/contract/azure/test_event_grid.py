"""Topics, event subscriptions and publishing, by the real SDKs."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent

from devkit.azure.server import Tls
from tests.contract.azure.event_grid import (
    TOPICS,
    Subscriber,
    advance,
    make_topic,
    management,
    publisher,
    subscribe,
)
from tests.contract.azure.harness import SEEDED, SUBSCRIPTION, Credential, Harness, refused
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.azurite import Azurite

IDENTITY = f"{SEEDED}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, azurite: Azurite) -> Iterator[Harness]:
    """A local Azure with TLS, as the publisher client demands; each test has topics of its own."""
    certificates = azurite.certificates
    tls = Tls(certificates.certificate, certificates.key)
    running = Harness(tmp_path_factory.mktemp("event-grid"), azurite.accounts, tls=tls)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def trust(cloud: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cloud.storage.ca_file))


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as running:
        yield running


def cloud_event(number: int = 1, **more: Any) -> CloudEvent[Any]:
    return CloudEvent(source="/tests", type="Test.Happened", id=f"event-{number}", data={"n": number}, **more)


def grid_event(number: int = 1) -> EventGridEvent:
    return EventGridEvent(
        subject="/tests/1", event_type="Test.Happened", data={"n": number}, data_version="7", id=f"grid-{number}"
    )


def test_a_topic_shows_its_endpoint_and_defaults_and_can_be_listed_changed_and_deleted(cloud: Harness) -> None:
    topics = management(cloud).topics
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    made = make_topic(cloud, "life", input_schema=None, identity=identity)
    assert made.provisioning_state == "Succeeded"
    assert made.endpoint == f"{cloud.url}/eventgrid/westeurope/life/api/events"
    assert (made.input_schema, made.disable_local_auth) == ("EventGridSchema", False)
    assert made.identity.user_assigned_identities[IDENTITY].principal_id
    again = make_topic(cloud, "life", input_schema="EventGridSchema", tags={"a": "b"})
    assert again.metric_resource_id == made.metric_resource_id
    assert topics.begin_update("rg-images", "life", {"disable_local_auth": True}).result().disable_local_auth
    assert "life" in [found.name for found in topics.list_by_resource_group("rg-images")]
    assert "life" in [found.name for found in topics.list_by_subscription()]
    topics.begin_delete("rg-images", "life").result()
    with pytest.raises(ResourceNotFoundError):
        topics.get("rg-images", "life")


def test_a_topics_schema_stays_and_its_name_is_unique_in_its_region(cloud: Harness) -> None:
    make_topic(cloud, "unique")
    topics = management(cloud).topics
    other = {"location": "westeurope", "input_schema": "EventGridSchema"}
    refused(lambda: topics.begin_create_or_update("rg-images", "unique", other), "InvalidParameter")
    cloud.resources.resource_groups.create_or_update("elsewhere", {"location": "westeurope"})
    error = refused(lambda: topics.begin_create_or_update("elsewhere", "Unique", other), "Conflict")
    assert error.status_code == 409
    unknown = {"location": "westeurope", "input_schema": "CustomEventSchema"}
    refused(lambda: topics.begin_create_or_update("rg-images", "custom", unknown), "InvalidParameter")


def test_published_cloud_events_reach_a_subscriber_with_event_grids_headers(
    cloud: Harness, subscriber: Subscriber
) -> None:
    topic = make_topic(cloud, "clouds")
    made = subscribe(cloud, "clouds", "all", subscriber.url)
    assert made.provisioning_state == "Succeeded"
    assert made.event_delivery_schema == "CloudEventSchemaV1_0"
    (asked,) = subscriber.requests("")
    assert (asked.method, asked.headers["webhook-request-origin"]) == ("OPTIONS", "eventgrid.azure.net")
    with publisher(cloud, topic) as client:
        client.send(cloud_event(1, subject="one", extensions={"kind": "x"}))
        client.send([cloud_event(2), cloud_event(3)])
    received = subscriber.notified(3)
    (first,) = [item for item in received if item.ids == ["event-1"]]
    assert sorted(item.ids[0] for item in received) == ["event-1", "event-2", "event-3"]
    assert first.body["data"] == {"n": 1}
    assert (first.body["kind"], first.body["subject"]) == ("x", "one")
    assert first.path == "/hook?code=secret"
    assert first.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    wanted = {"aeg-subscription-name": "ALL", "aeg-delivery-count": "0", "aeg-metadata-version": "1.0"}
    assert wanted.items() <= first.headers.items()


def test_an_https_endpoint_is_trusted_by_the_local_authority_and_bytes_arrive_in_base64(
    cloud: Harness, azurite: Azurite
) -> None:
    topic = make_topic(cloud, "secure")
    with Subscriber(certificates=azurite.certificates) as subscriber:
        subscribe(cloud, "secure", "hook", subscriber.url)
        with publisher(cloud, topic) as client:
            client.send(CloudEvent(source="/tests", type="Test.Happened", id="1", data=b"abc"))
        assert subscriber.notified(1)[0].body["data_base64"] == "YWJj"


def test_published_event_grid_events_are_stamped_and_delivered_in_either_schema(
    cloud: Harness, subscriber: Subscriber
) -> None:
    topic = make_topic(cloud, "grid", input_schema="EventGridSchema")
    subscribe(cloud, "grid", "native", subscriber.url)
    (question,) = subscriber.requests("SubscriptionValidation")
    assert question.body[0]["eventType"] == "Microsoft.EventGrid.SubscriptionValidationEvent"
    assert question.body[0]["topic"] == topic.id
    subscribe(cloud, "grid", "cloudy", subscriber.url, eventDeliverySchema="CloudEventSchemaV1_0")
    with publisher(cloud, topic) as client:
        client.send(grid_event())
    received = {item.headers["aeg-subscription-name"]: item for item in subscriber.notified(2)}
    (native,) = received["NATIVE"].body
    assert native["topic"] == topic.id
    assert (native["eventType"], native["metadataVersion"]) == ("Test.Happened", "1")
    wanted = {"aeg-data-version": "7", "aeg-metadata-version": "1", "content-type": "application/json; charset=utf-8"}
    assert wanted.items() <= received["NATIVE"].headers.items()
    cloudy = received["CLOUDY"].body
    assert (cloudy["source"], cloudy["type"], cloudy["specversion"]) == (topic.id, "Test.Happened", "1.0")
    assert (cloudy["id"], cloudy["subject"], cloudy["data"]) == ("grid-1", "/tests/1", {"n": 1})


def test_events_of_the_wrong_schema_are_refused_as_azure_words_it(cloud: Harness) -> None:
    clouds, grid = make_topic(cloud, "wrong-c"), make_topic(cloud, "wrong-g", input_schema="EventGridSchema")
    with publisher(cloud, clouds) as client, pytest.raises(HttpResponseError, match="CloudEventSchemaV1_0") as caught:
        client.send(grid_event())
    assert caught.value.status_code == 400
    with publisher(cloud, grid) as client, pytest.raises(HttpResponseError, match="EventGridSchema") as caught:
        client.send(cloud_event())
    assert caught.value.error is not None
    assert caught.value.error.code == "BadRequest"


def post(cloud: Harness, topic: Any, content: Any, **headers: str) -> httpx.Response:
    token = httpx.get(
        f"{cloud.url}/msi/token",
        params={"api-version": "2019-08-01", "resource": "https://eventgrid.azure.net"},
        headers={"X-IDENTITY-HEADER": "local"},
    ).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents-batch+json", **headers}
    return httpx.post(topic.endpoint, content=content, params={"api-version": "2018-01-01"}, headers=sent)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not valid JSON"),
        ("[3]", "Token Expected: StartObject"),
        ('"x"', "Token Expected: StartArray"),
        ('[{"id": "1", "source": "/s", "specversion": "1.0"}]', "'type'"),
        ('[{"id": "1", "source": "/s", "specversion": "0.3", "type": "t"}]', "specversion '0.3'"),
        ('[{"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "Bad-Name": 1}]', "Bad-Name"),
        ('[{"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "time": "soon"}]', "ISO 8601"),
        (
            '[{"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "time": "0001-01-01T00:00:00+14:00"}]',
            "ISO 8601",
        ),
        ('[{"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "data": 1, "data_base64": ""}]', "not both"),
    ],
)
def test_a_malformed_event_is_a_400_and_nothing_of_its_batch_is_published(
    cloud: Harness, body: str, message: str
) -> None:
    topic = make_topic(cloud, "malformed")
    answer = post(cloud, topic, body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["details"][0]["code"]) == ("BadRequest", "InputJsonInvalid")
    assert message in error["message"]


def test_an_unknown_property_is_refused_in_the_event_grid_schema(cloud: Harness) -> None:
    topic = make_topic(cloud, "strict", input_schema="EventGridSchema")
    answer = post(cloud, topic, '[{"id": "1", "sas_url": "x"}]', **{"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Received unexpected property 'sas_url' in JSON" in answer.text


def test_more_than_a_megabyte_is_too_large(cloud: Harness) -> None:
    topic = make_topic(cloud, "large")
    with publisher(cloud, topic) as client:
        client.send(CloudEvent(source="/s", type="t", data="x" * 1_000_000))
        with pytest.raises(HttpResponseError) as caught:
            client.send([CloudEvent(source="/s", type="t", data="x" * 600_000) for _ in range(2)])
    assert caught.value.status_code == 413


def test_who_is_not_authenticated_gets_a_401(cloud: Harness) -> None:
    topic = make_topic(cloud, "auth")
    key = management(cloud).topics.list_shared_access_keys("rg-images", "auth").key1
    for credential in (Credential(), AzureKeyCredential("bm8=")):
        with publisher(cloud, topic, credential) as client, pytest.raises(ClientAuthenticationError):
            client.send(cloud_event())
    with publisher(cloud, topic, AzureKeyCredential(key)) as client:
        client.send(cloud_event())
    management(cloud).topics.begin_update("rg-images", "auth", {"disable_local_auth": True}).result()
    with (
        publisher(cloud, topic, AzureKeyCredential(key)) as client,
        pytest.raises(ClientAuthenticationError, match="Local authentication is disabled"),
    ):
        client.send(cloud_event())
    with publisher(cloud, topic) as client:
        client.send(cloud_event())
    assert httpx.post(topic.endpoint, params={"api-version": "2018-01-01"}, json=[]).status_code == 401


def test_a_token_for_another_audience_is_refused(cloud: Harness) -> None:
    topic = make_topic(cloud, "audience")
    arm = httpx.get(
        f"{cloud.url}/msi/token",
        params={"api-version": "2019-08-01", "resource": "https://management.azure.com"},
        headers={"X-IDENTITY-HEADER": "local"},
    ).json()["access_token"]
    answer = post(cloud, topic, "[]", Authorization=f"Bearer {arm}")
    assert answer.status_code == 401
    assert "audience" in answer.json()["error"]["message"]


def test_an_unknown_topic_is_a_404_and_another_api_version_a_400(cloud: Harness) -> None:
    topic = make_topic(cloud, "known")
    answer = httpx.post(topic.endpoint.replace("known", "unknown"), params={"api-version": "2018-01-01"})
    assert answer.status_code == 404
    assert httpx.post(topic.endpoint, params={"api-version": "2019-01-01"}).status_code == 400


def test_fault_rules_and_the_request_log_know_publishing(cloud: Harness) -> None:
    topic = make_topic(cloud, "faulty")
    rule = {"method": "POST", "path": "/eventgrid/*/faulty/api/events", "status": 503, "retry_after": 1}
    cloud.local("PUT", "faults", json=[rule])
    try:
        assert post(cloud, topic, "[]").status_code == 503
        assert post(cloud, topic, "[]").status_code == 200
    finally:
        cloud.local("DELETE", "faults")
    logged = [entry for entry in cloud.local("GET", "requests")["requests"] if "/faulty/api" in entry["path"]]
    assert [entry["status"] for entry in logged] == [503, 200]


def test_a_subscription_hides_its_endpoints_query_and_full_url_shows_it(cloud: Harness, subscriber: Subscriber) -> None:
    make_topic(cloud, "hiding")
    subscribe(cloud, "hiding", "hook", subscriber.url)
    subscriptions = management(cloud).topic_event_subscriptions
    found = subscriptions.get("rg-images", "hiding", "hook")
    assert found.destination.endpoint_base_url == subscriber.url.split("?")[0]
    assert found.destination.endpoint_url is None
    assert found.topic == f"{TOPICS}/hiding"
    assert (found.retry_policy.max_delivery_attempts, found.retry_policy.event_time_to_live_in_minutes) == (30, 1440)
    assert subscriptions.get_full_url("rg-images", "hiding", "hook").endpoint_url == subscriber.url
    assert [item.name for item in subscriptions.list("rg-images", "hiding")] == ["hook"]
    subscriptions.begin_delete("rg-images", "hiding", "hook").result()
    assert list(subscriptions.list("rg-images", "hiding")) == []


def test_an_update_keeps_what_it_does_not_name_and_validates_the_endpoint_again(
    cloud: Harness, subscriber: Subscriber
) -> None:
    make_topic(cloud, "updated")
    subscribe(cloud, "updated", "hook", subscriber.url, retryPolicy={"maxDeliveryAttempts": 3})
    change = {"filter": {"includedEventTypes": ["Other"]}}
    subscriptions = management(cloud).topic_event_subscriptions
    changed = subscriptions.begin_update("rg-images", "updated", "hook", change).result()
    assert changed.filter.included_event_types == ["Other"]
    assert changed.retry_policy.max_delivery_attempts == 3
    assert len(subscriber.requests("")) == 2
    assert subscriptions.get_full_url("rg-images", "updated", "hook").endpoint_url == subscriber.url


@pytest.mark.parametrize("schema", ["EventGridSchema", "CloudEventSchemaV1_0"])
def test_an_endpoint_that_says_nothing_useful_waits_ten_minutes_for_the_validation_url(
    cloud: Harness, subscriber: Subscriber, schema: str
) -> None:
    subscriber.valid = False
    name = f"by-hand-{schema[0].lower()}"
    make_topic(cloud, name, input_schema=schema)
    made = subscribe(cloud, name, "hook", subscriber.url)
    assert made.provisioning_state == "AwaitingManualAction"
    get = management(cloud).topic_event_subscriptions.get
    if schema == "EventGridSchema":
        callback = subscriber.requests("SubscriptionValidation")[0].body[0]["data"]["validationUrl"]
    else:
        callback = subscriber.requests("")[0].headers["webhook-request-callback"]
    assert httpx.get(callback).status_code == 200
    assert get("rg-images", name, "hook").provisioning_state == "Succeeded"
    assert httpx.get(callback).status_code == 400
    subscribe(cloud, name, "hook", subscriber.url)
    advance(cloud, 601)
    assert get("rg-images", name, "hook").provisioning_state == "Failed"
    assert httpx.get(callback).status_code == 404


def test_an_endpoint_that_is_not_there_fails_the_handshake(cloud: Harness) -> None:
    make_topic(cloud, "nobody")
    with Subscriber() as gone:
        url = gone.url
    cloud.local("PUT", "latency", json={"profile": "instant", "timeScale": 0.001})
    error = refused(lambda: subscribe(cloud, "nobody", "hook", url), "Url validation")
    cloud.local("PUT", "latency", json={"profile": "instant", "timeScale": 1})
    assert "SocketError" in str(error)
    assert "secret" not in str(error)
    found = management(cloud).topic_event_subscriptions.get("rg-images", "nobody", "hook")
    assert found.provisioning_state == "Failed"


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"eventDeliverySchema": "EventGridSchema"}, "not compatible"),
        ({"retryPolicy": {"maxDeliveryAttempts": 31}}, "maxDeliveryAttempts"),
        ({"retryPolicy": {"eventTimeToLiveInMinutes": 0}}, "eventTimeToLiveInMinutes"),
        ({"batch": {"maxEventsPerBatch": 5001}}, "maxEventsPerBatch"),
        ({"expirationTimeUtc": "soon"}, "ISO 8601"),
        ({"filter": {"advancedFilters": [{"operatorType": "BoolEquals", "key": "a", "value": "x"}]}}, "BoolEquals"),
        (
            {
                "deadLetterWithResourceIdentity": {
                    "identity": {"type": "SystemAssigned"},
                    "deadLetterDestination": {
                        "endpointType": "StorageBlob",
                        "properties": {"resourceId": f"{SEEDED}/x", "blobContainerName": "c"},
                    },
                }
            },
            "fully qualified resource Id",
        ),
    ],
)
def test_what_a_subscription_cannot_have_is_refused(cloud: Harness, properties: dict[str, Any], where: str) -> None:
    make_topic(cloud, "rules")
    batch = properties.get("batch", {})
    destination = {"endpointType": "WebHook", "properties": {"endpointUrl": "http://127.0.0.1:9/", **batch}}
    rest = {name: value for name, value in properties.items() if name != "batch"}
    path = f"{TOPICS}/rules/eventSubscriptions/hook"
    answer = cloud.put(path, {"properties": {"destination": destination, **rest}})
    assert answer.status_code == 400
    assert where in answer.json()["error"]["message"]


def test_names_have_3_to_so_many_letters_digits_and_hyphens(cloud: Harness) -> None:
    body = {"location": "westeurope"}
    for name, status in (("ab", 400), ("under_score", 400), ("n" * 51, 400), ("n" * 50, 201)):
        assert cloud.put(f"{TOPICS}/{name}", body).status_code == status


def test_deliveries_with_an_identity_need_one_on_the_topic(cloud: Harness, subscriber: Subscriber) -> None:
    destination = {"endpointType": "WebHook", "properties": {"endpointUrl": subscriber.url}}
    identity = {"type": "UserAssigned", "userAssignedIdentity": IDENTITY}
    body = {"properties": {"deliveryWithResourceIdentity": {"identity": identity, "destination": destination}}}
    path = f"{TOPICS}/with-identity/eventSubscriptions/hook"
    make_topic(cloud, "with-identity")
    assert "not enabled on the topic" in cloud.put(path, body).json()["error"]["message"]
    assigned = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY.upper(): {}}}
    topic = make_topic(cloud, "with-identity", identity=assigned)
    both = {"properties": {**body["properties"], "destination": destination}}
    assert "Only one of" in cloud.put(path, both).json()["error"]["message"]
    assert cloud.put(path, body).status_code == 201
    get = management(cloud).topic_event_subscriptions.get
    until(lambda: get("rg-images", "with-identity", "hook").provisioning_state == "Succeeded")
    with publisher(cloud, topic) as client:
        client.send(cloud_event())
    assert subscriber.notified(1)[0].ids == ["event-1"]


def test_an_expired_subscription_gets_nothing(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "expiring")
    subscribe(cloud, "expiring", "past", subscriber.url, expirationTimeUtc="2020-01-01T00:00:00")
    subscribe(cloud, "expiring", "future", subscriber.url, expirationTimeUtc="2999-01-01T00:00:00Z")
    with publisher(cloud, topic) as client:
        client.send(cloud_event())
    assert [item.headers["aeg-subscription-name"] for item in subscriber.notified(1)] == ["FUTURE"]


def test_endpoints_are_https_or_on_this_machine(cloud: Harness) -> None:
    make_topic(cloud, "schemes")
    for url in ("http://example.com/hook", "ftp://127.0.0.1/", "hook"):
        refused(partial(subscribe, cloud, "schemes", "hook", url), "InvalidParameter")


def test_a_function_is_found_by_its_id(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "functions")
    function = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Web/sites/app/functions/f"
    destination = {"endpointType": "AzureFunction", "properties": {"resourceId": function}}
    subscriptions = management(cloud).topic_event_subscriptions

    def create() -> Any:
        body = {"properties": {"destination": destination}}
        return subscriptions.begin_create_or_update("rg-images", "functions", "function", body).result()

    refused(create, "Endpoint validation")
    cloud.local("PUT", "functions", json={function: subscriber.url})
    assert cloud.local("GET", "functions") == {function: subscriber.url}
    assert create().destination.resource_id == function
    assert subscriber.requests("") == []  # a function is validated by Azure itself
    with publisher(cloud, topic) as client:
        client.send(cloud_event())
    assert subscriber.notified(1)[0].ids == ["event-1"]


def test_a_protected_webhook_gets_a_token_for_its_application(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "protected")
    application = {"azureActiveDirectoryApplicationIdOrUri": "api://kiln"}
    subscribe(cloud, "protected", "hook", subscriber.url, batch=application)
    with publisher(cloud, topic) as client:
        client.send(cloud_event())
    assert subscriber.notified(1)[0].headers["authorization"].startswith("Bearer ey")


def test_published_events_can_be_followed(cloud: Harness) -> None:
    topic = make_topic(cloud, "followed")
    last = cloud.local("GET", "eventgrid/events")["events"][-1:]
    number = last[0]["number"] if last else 0
    threading.Thread(target=lambda: publisher(cloud, topic).send(cloud_event(9))).start()
    (entry,) = until(lambda: cloud.local("GET", f"eventgrid/events?after={number}")["events"])
    assert (entry["topic"], entry["event"]["id"]) == (topic.id, "event-9")
