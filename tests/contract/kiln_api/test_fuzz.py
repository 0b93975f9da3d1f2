"""Answers to arbitrary bodies are designed: never a 500, and a 400 names the place in the body."""

from __future__ import annotations

import copy
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kiln.ids import TemplateId
from kiln.runs.documents import documents
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle
from kiln.template.versions import API_VERSIONS, LATEST
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Answer, Api

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SUBNET = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/default"
)
FULL: dict[str, Any] = template_body(
    validate={"inVMValidations": [{"type": "Shell", "name": "v", "inline": ["true"]}]},
    optimize={"vmBoot": {"state": "Enabled"}},
    vmProfile={"vmSize": "Standard_B2s", "osDiskSizeGB": 30, "vnetConfig": {"subnetId": SUBNET}},
    errorHandling={"onCustomizerError": "abort"},
    buildTimeoutInMinutes=60,
    stagingResourceGroup="",
    managedResourceTags={"a": "b"},
    additionalDataDisks=[{"sizeGB": 8}],
)
PATCH: dict[str, Any] = {
    "tags": {"a": "b"},
    "identity": {"type": "None", "userAssignedIdentities": {}},
    "properties": {"distribute": FULL["properties"]["distribute"], "vmProfile": FULL["properties"]["vmProfile"]},
}
RUN: dict[str, Any] = {"overrides": {"buildTimeoutInMinutes": 30, "source": {"version": "1.2.3"}, "vmProfile": {}}}
TRIGGER: dict[str, Any] = {"properties": {"kind": "SourceImage"}}

JSON: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("type", "name", "version", "kind", "inline", "location", "tags", "properties", "scriptUri", "/", ".", "é")


def mutated(body: dict[str, Any]) -> SearchStrategy[Any]:
    """Return bodies like `body` with up to three of its places replaced, removed, or joined by another one."""

    @st.composite
    def draw_body(draw: st.DrawFn) -> Any:
        made = copy.deepcopy(body)
        for _ in range(draw(st.integers(1, 3))):
            _mutate(draw, made)
        return made

    return draw_body() | JSON


def _mutate(draw: st.DrawFn, made: Any) -> None:
    place, key = made, draw(st.sampled_from(_keys(made)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
        place, key = place[key], draw(st.sampled_from(_keys(place[key])))
    match draw(st.integers(0, 2)):
        case 0:
            place[key] = draw(JSON)
        case 1 if isinstance(place, dict):
            place[draw(st.sampled_from(NAMES))] = draw(JSON)
        case _ if len(place) > 1:
            del place[key]
        case _:
            place[key] = None


def _keys(place: Any) -> list[Any]:
    return sorted(place) if isinstance(place, dict) else list(range(len(place)))


def fuzzed(version: str = LATEST) -> Api:
    """Return the API for bodies with nulls and the like, which Kiln takes and the specification does not."""
    return Api(api_version=version, judged=False)


def sent(body: Any) -> bytes:
    """Return a body as it goes over the wire; `null` is a body as well."""
    return json.dumps(body).encode()


def checked(answer: Answer) -> Answer:
    """Check that an answer keeps the promises of all answers."""
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert answer.error["target"]
    if answer.status == 400:
        details = answer.error.get("details", [])
        assert answer.error["code"] != "ValidationFailed" or details
        assert all(detail["target"] and detail["target"] in detail["message"] for detail in details)
    return answer


@pytest.fixture(scope="module")
def name() -> TemplateId:
    return TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")


@pytest.fixture
def template(name: TemplateId) -> TemplateId:
    """A template with the body `FULL` that is Succeeded, however an earlier example has left it."""
    documents().delete(Templates.path(name))
    assert fuzzed()("PUT", name.arm, FULL).status == 201
    ready(name)
    return name


def ready(name: TemplateId) -> None:
    """End the template's submission, and forget its run."""
    Templates().update(
        name,
        lambda known: settle(known, known.version, known.changed, None).model_copy(update={"run_id": None}),
    )


@given(body=mutated(FULL), version=st.sampled_from(API_VERSIONS))
@example(body=FULL, version="2025-10-01")
@example(body={**FULL, "location": "\ud800"}, version="2025-10-01")
@FUZZ
def test_no_template_breaks_the_api(name: TemplateId, body: Any, version: str) -> None:
    answer = checked(fuzzed(version)("PUT", name.arm, sent(body)))
    if answer.status < 400:
        shown = fuzzed(version)("GET", name.arm)
        assert shown.status == 200
        assert checked(fuzzed(version)("PUT", name.arm, shown.body)).status == 200
        documents().delete(Templates.path(name))


@given(body=mutated(PATCH))
@example(body=PATCH)
@FUZZ
def test_no_patch_breaks_the_api(template: TemplateId, body: Any) -> None:
    if checked(fuzzed()("PATCH", template.arm, sent(body))).status < 400:
        assert checked(fuzzed()("GET", template.arm)).status == 200
        documents().delete(Templates.path(template))
        assert fuzzed()("PUT", template.arm, FULL).status == 201


@given(body=mutated(RUN))
@example(body=RUN)
@FUZZ
def test_no_run_breaks_the_api(template: TemplateId, body: Any) -> None:
    answer = checked(fuzzed()("POST", f"{template.arm}/run", sent(body)))
    assert answer.status in {202, 400}
    assert checked(fuzzed()("GET", f"{template.arm}/runs")).status == 200
    ready(template)


@given(body=mutated(TRIGGER))
@example(body=TRIGGER)
@FUZZ
def test_no_trigger_breaks_the_api(template: TemplateId, body: Any) -> None:
    assert checked(fuzzed()("PUT", f"{template.arm}/triggers/t", sent(body))).status in {200, 201, 400}
    assert checked(fuzzed()("GET", f"{template.arm}/triggers")).status == 200


@given(body=st.binary(max_size=40))
@example(body=b"[" * 10_000)
@example(body=b'{"location": "\\ud800"}')
@FUZZ
def test_no_bytes_break_the_api(template: TemplateId, body: bytes) -> None:
    for method, below in (("PUT", ""), ("PATCH", ""), ("POST", "/run"), ("PUT", "/triggers/t")):
        answer = fuzzed()(method, f"{template.arm}{below}", body)
        assert answer.status == 400 or (below == "/run" and answer.status in {202, 409})
        if answer.status == 400:
            assert answer.error["code"] in {"InvalidRequestContent", "ValidationFailed"}
