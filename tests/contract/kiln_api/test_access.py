"""Callers see what they may read and no more, in lists, graphs, events and operations; nobody else sees anything."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kiln.automation.trigger_secrets import TriggerSecrets
from kiln.events import journal
from kiln.ids import TemplateId
from kiln.runs.operations import OperationKind, OperationRecord, Operations
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.templates import Templates
from tests.authority import ME
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import AUTHORITY, Answer, Api
from tests.tokens import bearer
from triggers.endpoint import HANDLERS
from triggers.paging import read_page

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages"


@dataclass
class Estate:
    """Templates `web-0`, `web-1`, ... and `db-0`, ... in two groups of its own, `rg-<id>` and `rg-<id>b`."""

    group: str = field(default_factory=lambda: f"rg-{uuid.uuid4().hex[:8]}")
    templates: list[TemplateId] = field(default_factory=list)

    def build(self) -> Estate:
        """Store the templates."""
        for group in (self.group, self.group + "b"):
            for name in ("db-0", "db-1", "web-0", "web-1", "web-2"):
                template = TemplateId(subscription=SUBSCRIPTION, group=group, name=name)
                Templates().create(record(template))
                self.templates.append(template)
        return self

    def scope(self, group: str = "", name: str = "") -> str:
        """Return the ARM id of the group whose name ends in `group`, or of templates in it."""
        scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{self.group}{group}"
        return f"{scope}/providers/Microsoft.VirtualMachineImages/imageTemplates/{name}" if name else scope

    def api(self, *scopes: str) -> Api:
        """Return the API for somebody who may read these scopes and no others."""
        grants = json.dumps([{"principal": ME, "role": "Reader", "scope": scope} for scope in scopes])
        return Api(token=AUTHORITY.token(), settings={"KILN_GRANTS": grants})


def record(template: TemplateId) -> TemplateRecord:
    image = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/g/images"
    target = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": f"{image}/{template.name}"}
    return TemplateRecord(
        id=template,
        body=template_body(distribute=[target]),
        settled=1,
        settled_at=NOW,
        created=NOW,
        changed=NOW,
        staging_group="IT_rg_web_3f9c8a1b",
        provisioning_state=ProvisioningState.SUCCEEDED,
    )


@pytest.fixture
def estate(azure_environment: InProcessAzure, no_throttle: None) -> Estate:  # noqa: ARG001 - both are wanted for what they set
    return Estate().build()


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return ["/".join(item["id"].split("/")[4::4]) for item in answer.body["value"]]


def own(estate: Estate, found: list[str]) -> list[str]:
    """Return those that are of the estate, without its random name."""
    return [name.removeprefix(estate.group) for name in found if name.startswith(estate.group)]


def test_lists_show_what_may_be_read(estate: Estate) -> None:
    web = estate.api(estate.scope(name="WEB-*"), estate.scope("b", "db-1"))
    everything = f"{PROVIDER}/imageTemplates"
    assert names(web("GET", everything)) == [
        f"{estate.group}/web-0",
        f"{estate.group}/web-1",
        f"{estate.group}/web-2",
        f"{estate.group}b/db-1",
    ]
    in_group = web("GET", estate.scope(name="x").rsplit("/", 1)[0])
    assert own(estate, names(in_group)) == ["/web-0", "/web-1", "/web-2"]


def test_a_group_is_not_the_one_whose_name_goes_on(estate: Estate) -> None:
    first = estate.api(estate.scope())
    assert {name.split("/")[0] for name in own(estate, names(first("GET", f"{PROVIDER}/imageTemplates")))} == {""}
    refused = first("GET", estate.scope("b", "x").rsplit("/", 1)[0])
    assert (refused.status, refused.error["code"]) == (403, "AuthorizationFailed")
    assert first("GET", estate.scope("b", "web-0")).status == 403


def test_pages_are_whole_and_lead_on_whatever_is_left_out(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = read_page.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "size", 2)
    api = estate.api(estate.scope(name="web-*"), estate.scope("b", "web-*"))
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    for _ in range(10):
        answer = api("GET", f"{PROVIDER}/imageTemplates", query=token)
        pages.append(own(estate, names(answer)))
        if "nextLink" not in answer.body:
            break
        token = {"$skiptoken": answer.body["nextLink"].split("$skiptoken=")[1]}
    assert pages == [["/web-0", "/web-1"], ["/web-2", "b/web-0"], ["b/web-1", "b/web-2"]]


def test_the_graph_has_neither_templates_nor_images_of_others(estate: Estate) -> None:
    graph = estate.api(estate.scope(name="web-0"))("GET", f"{PROVIDER}/imageGraph")
    assert [node["name"] for node in graph.body["nodes"] if node["kind"] != "MarketplaceImage"] == ["web-0", "web-0"]
    assert "web-1" not in json.dumps(graph.body)
    assert "db-" not in json.dumps(graph.body)


def test_the_events_of_others_are_not_shown(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CONTAINER", f"events-{uuid.uuid4().hex[:12]}")
    sources = [estate.scope(name="web-0"), estate.scope(name="db-0"), f"/subscriptions/{SUBSCRIPTION}/providers/x"]
    journal.append([{"id": str(number), "source": source} for number, source in enumerate(sources)], datetime.now(UTC))

    def seen(*scopes: str) -> str:
        api = replace(estate.api(*scopes), judged=False)  # these are no events that Kiln would publish
        return "".join(event["id"] for event in api("GET", f"{PROVIDER}/events").body["value"])

    assert seen(estate.scope(name="web-*")) == "0"
    assert seen(estate.scope()) == "01"
    assert seen(f"/subscriptions/{SUBSCRIPTION}") == "012"


def test_the_operation_of_another_is_as_one_that_is_not_there(estate: Estate) -> None:
    operation = OperationRecord(
        id=str(uuid.uuid4()),
        kind=OperationKind.CANCEL,
        template=TemplateId.parse(estate.scope(name="db-0")),
        location="westeurope",
        made=NOW,
        started=NOW,
    )
    Operations().create(operation)
    other = str(uuid.uuid4())
    api = estate.api(estate.scope(name="web-*"))
    for kind in ("operations", "operationResults"):
        place = f"{PROVIDER}/locations/westeurope/{kind}"
        theirs, nobodys = api("GET", f"{place}/{operation.id}"), api("GET", f"{place}/{other}")
        assert (theirs.status, nobodys.status) == (404, 404)
        assert json.dumps(theirs.body).replace(operation.id, other) == json.dumps(nobodys.body)
        assert estate.api(estate.scope(name="db-0"))("GET", f"{place}/{operation.id}").status in {200, 204}


def test_whether_there_is_something_is_not_told_to_whoever_may_not_know(estate: Estate) -> None:
    api = estate.api(estate.scope(name="web-*"))
    for method, what in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/run"), ("GET", "/triggers/nightly")):
        there = api(method, f"{estate.scope(name='db-0')}{what}")
        missing = api(method, f"{estate.scope(name='no-0')}{what}")
        assert (there.status, missing.status) == (403, 403)
        assert json.dumps(there.body).replace("db-0", "no-0") == json.dumps(missing.body)


def test_a_trigger_waits_for_no_events_that_its_author_may_not_read(estate: Estate) -> None:
    grants = [{"principal": ME, "role": "Builder", "scope": estate.scope()}]
    builder = Api(token=AUTHORITY.token(), settings={"KILN_GRANTS": json.dumps(grants)}, judged=False)
    hook = f"{estate.scope(name='web-0')}/triggers/after"
    mine, theirs = estate.scope(name="web-1"), estate.scope("b", "web-1")

    def put(*types: str, sources: tuple[str, ...] = ()) -> int:
        properties = {"kind": "Event", "filter": {"types": types, "sources": sources}}
        return int(builder("PUT", hook, {"properties": properties}).status)

    own = "Kiln.Image.Published"
    assert [put(own), put("Other", own, sources=(mine, theirs)), put(own, sources=("x",))] == [403] * 3
    assert put("Microsoft.Resources.ResourceWriteSuccess", sources=(f"/subscriptions/{SUBSCRIPTION}",)) == 403
    assert [put(own, sources=(mine.upper(),)), put("Other"), put("Other", sources=(theirs,))] == [201, 200, 200]


def test_a_webhook_is_fired_without_a_token_by_its_signature_alone(estate: Estate) -> None:
    fire = f"{estate.scope(name='web-0')}/triggers/hook/fire"
    assert TriggerSecrets().get(TemplateId.parse(estate.scope(name="web-0")), "hook") is None
    for token in (None, AUTHORITY.token("Kiln.Admin"), "nonsense"):
        refused = Api(token=token)("POST", fire, {})
        assert (refused.status, refused.error["code"]) == (401, "InvalidSignature")
        assert refused.headers["WWW-Authenticate"] == "Kiln-Signature-256"


ROUTES = [(method, route) for route, methods in HANDLERS.items() for method in methods]
GOOD = {"version": "1", "run": "20261122-022112-3f9c8a1b", "operation": str(uuid.UUID(int=1)), "location": "westeurope"}


def path_of(route: str) -> str:
    """Return a route's path, with the name of a template that does not exist."""
    values = {"subscription": SUBSCRIPTION, "group": "rg-nothing", "name": "nothing", **GOOD}
    return "/" + re.sub(r"{(\w+)}", lambda match: values.get(match[1], "nothing"), route)


def test_every_route_of_the_real_host_but_the_webhook_wants_a_token(served: str) -> None:
    with httpx.Client(base_url=served, params={"api-version": "2025-10-01"}) as stranger:
        codes: dict[str, list[str]] = {}
        for method, route in ROUTES:
            answer = stranger.request(method, path_of(route), json={} if method in {"PUT", "POST", "PATCH"} else None)
            assert answer.status_code == 401, route
            assert answer.headers["WWW-Authenticate"]
            codes.setdefault(answer.json()["error"]["code"], []).append(route.rsplit("/", 1)[-1])
    assert codes.pop("InvalidSignature") == ["fire"]
    assert set(codes) == {"AuthenticationFailed"}


def test_no_answer_leads_to_the_hosts_own_endpoints(served: str, signed_in: dict[str, str]) -> None:
    """Durable's management URLs hold a key with which instances can be read and ended; none of it is for callers."""
    shown = []
    with httpx.Client(base_url=served, params={"api-version": "2025-10-01"}, headers=signed_in) as admin:
        for method, route in ROUTES:
            if route.endswith("/sweep"):
                continue  # would go through the leftovers of other tests
            answer = admin.request(method, path_of(route), json={} if method in {"PUT", "POST", "PATCH"} else None)
            assert answer.status_code not in {401, 403} or route.endswith("/fire")
            shown.append(answer.text + str(answer.headers))
    text = "\n".join(shown).lower()
    for secret in ("runtime/webhooks", "code=", "x-functions-key", "taskhub", "statusqueryget", "masterkey"):
        assert secret not in text


@pytest.mark.parametrize("path", ["/runtime/webhooks/durabletask/instances", "/admin/host/status", "/admin/functions"])
def test_the_hosts_own_endpoints_are_not_for_callers(served: str, signed_in: dict[str, str], path: str) -> None:
    for headers in ({}, signed_in):
        assert httpx.get(f"{served}{path}", headers=headers).status_code in {401, 403, 404}


@pytest.mark.parametrize(
    ("roles", "claims", "status"),
    [
        (("Kiln.Reader",), {}, 404),
        (("Kiln.Reader",), {"version": "2.0"}, 404),
        (("Kiln.Reader",), {"type": "application"}, 404),
        ((), {}, 403),
        (("Kiln.Admin",), {"audience": "https://management.azure.com"}, 401),
        (("Kiln.Admin",), {"tenant": "22222222-2222-2222-2222-222222222222"}, 401),
        (("Kiln.Admin",), {"lifetime": -7200}, 401),
        (("Kiln.Admin",), {"claims": {"roles": "Kiln.Admin"}}, 401),
    ],
)
def test_the_real_host_judges_the_tokens_of_the_authority(
    served: str, local_azure: InProcessAzure, roles: tuple[str, ...], claims: dict[str, Any], status: int
) -> None:
    url = f"{served}{path_of(next(route for route in HANDLERS if route.endswith('/imageTemplates/{name}')))}"
    query = {"api-version": "2025-10-01"}
    assert httpx.get(url, params=query, headers=bearer(local_azure, roles, **claims)).status_code == status
