from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED
from tests.waiting import until

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

GROUP = bodies.group_id("rg")


def set_faults(cloud: Harness, *rules: Any) -> None:
    cloud.local("PUT", "faults", json=list(rules))


def test_the_nth_matching_request_is_refused_and_only_that(cloud: Harness) -> None:
    set_faults(cloud, {"method": "GET", "path": "*/RG-images", "nth": 2, "status": 429, "retry_after": 7})
    answers = [cloud.http("GET", SEEDED) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    (shown,) = cloud.local("GET", "faults")
    assert (shown["met"], shown["fired"]) == (3, 1)


def test_a_rule_can_last_and_be_withdrawn(cloud: Harness) -> None:
    set_faults(cloud, {"method": "*", "path": "*", "times": 0, "status": 503, "code": "ServerBusy", "message": "m"})
    for _ in range(3):
        assert cloud.http("GET", SEEDED).json()["error"] == {"code": "ServerBusy", "message": "m"}
    cloud.local("DELETE", "faults")
    assert cloud.http("GET", SEEDED).status_code == 200


def test_a_blocked_request_goes_on_when_the_rules_are_withdrawn_and_others_meanwhile(cloud: Harness) -> None:
    set_faults(cloud, {"method": "PUT", "path": "*/rg", "blocked": True})
    with ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(cloud.put, GROUP, {"location": "westeurope", "tags": {"by": "first"}})
        until(lambda: cloud.local("GET", "faults")[0]["fired"])
        cloud.put(GROUP, {"location": "westeurope", "tags": {"by": "second"}})
        assert cloud.resources.resource_groups.get("rg").tags == {"by": "second"}
        assert not blocked.done()
        cloud.local("DELETE", "faults")
        blocked.result()
    assert cloud.resources.resource_groups.get("rg").tags == {"by": "first"}


def test_a_connection_dropped_before_does_nothing_and_after_does_it(cloud: Harness) -> None:
    for when, exists in (("before", False), ("after", True)):
        set_faults(cloud, {"method": "PUT", "path": "*/rg", "drop": when})
        with pytest.raises(httpx.TransportError):
            cloud.put(GROUP, {"location": "westeurope"})
        assert cloud.resources.resource_groups.check_existence("rg") is exists


def test_an_operation_can_fail_with_azures_error_and_be_tried_again(cloud: Harness) -> None:
    bodies.stage(cloud)
    set_faults(
        cloud,
        {
            "method": "PUT",
            "path": "*/virtualMachines/*",
            "operation": "Failed",
            "code": "AllocationFailed",
            "message": "no capacity",
            "details": [{"code": "Inner", "message": "zone 1 is full"}],
        },
    )
    machines = cloud.compute.virtual_machines
    with pytest.raises(HttpResponseError) as failed:
        machines.begin_create_or_update("rg", "vm", bodies.machine("rg")).result()
    assert failed.value.error is not None
    assert failed.value.error.code == "AllocationFailed"
    assert machines.get("rg", "vm").provisioning_state == "Failed"
    assert machines.begin_create_or_update("rg", "vm", bodies.machine("rg")).result().provisioning_state == "Succeeded"


def test_an_answer_can_be_no_json_and_has_no_effect_then(cloud: Harness) -> None:
    set_faults(cloud, {"method": "PUT", "path": "*/rg", "body": "<html>", "headers": {"X-Proxy": "nginx"}})
    answer = cloud.http("PUT", GROUP, json={"location": "westeurope"})
    assert (answer.status_code, answer.text) == (200, "<html>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Proxy"] == "nginx"
    assert not cloud.resources.resource_groups.check_existence("rg")


def test_an_answer_can_be_cut_off_after_the_effect(cloud: Harness) -> None:
    set_faults(cloud, {"method": "PUT", "path": "*/rg", "truncate": 5})
    assert cloud.http("PUT", GROUP, json={"location": "westeurope"}).text == '{"id"'
    assert cloud.resources.resource_groups.check_existence("rg")


def test_an_answer_can_be_held_back_until_the_client_gives_up_and_the_effect_is_there(cloud: Harness) -> None:
    set_faults(cloud, {"method": "PUT", "path": "*/rg", "hold": 2})
    with pytest.raises(httpx.ReadTimeout):
        cloud.http("PUT", GROUP, json={"location": "westeurope"}, timeout=0.5)
    assert cloud.resources.resource_groups.check_existence("rg")


def test_a_refusal_has_the_details_that_its_rule_gives(cloud: Harness) -> None:
    details = [{"code": "QuotaExceeded", "message": "no cores"}]
    set_faults(cloud, {"method": "GET", "path": "*/RG-images", "status": 409, "code": "Outer", "details": details})
    assert cloud.http("GET", SEEDED).json()["error"]["details"] == details


def test_an_ill_formed_rule_is_refused(cloud: Harness) -> None:
    answer = httpx.put(f"{cloud.url}/_local/faults", json=[{"path": "*", "color": "red"}], trust_env=False)
    message = answer.json()["error"]["message"]
    assert answer.status_code == 400
    assert "color: unknown property" in message
    assert "method: required and missing" in message


def test_a_throttled_request_says_when_to_come_back_and_that_nothing_is_left(cloud: Harness) -> None:
    set_faults(cloud, {"method": "GET", "path": "*/RG-images", "status": 429, "retry_after": 7})
    throttled, taken = cloud.http("GET", SEEDED), cloud.http("GET", SEEDED)
    assert throttled.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert throttled.headers["Retry-After"] == "7"
    assert throttled.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    assert int(taken.headers["x-ms-ratelimit-remaining-subscription-reads"]) > 200


def test_every_answer_tells_how_many_more_of_its_kind_there_may_be(cloud: Harness) -> None:
    written = cloud.put(GROUP, {"location": "westeurope"})
    deleted = cloud.http("DELETE", GROUP)
    read = cloud.http("GET", SEEDED)
    for answer, kind in ((written, "writes"), (deleted, "deletes"), (read, "reads")):
        left = {name: value for name, value in answer.headers.items() if "ratelimit" in name}
        assert list(left) == [f"x-ms-ratelimit-remaining-subscription-{kind}"]
        assert 0 < int(*left.values()) < 250
    assert "ratelimit" not in str(cloud.http("GET", "/msi/token", params={"resource": "x"}).headers)
