from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.contract.azure import bodies
from tests.contract.azure.harness import SUBSCRIPTION

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

HERE = f"/subscriptions/{SUBSCRIPTION}"


def permissions(cloud: Harness, scope: str) -> list[dict[str, Any]]:
    answer = cloud.http("GET", f"{scope}/providers/Microsoft.Authorization/permissions")
    assert answer.status_code == 200
    value: list[dict[str, Any]] = answer.json()["value"]
    return value


def say(cloud: Harness, *settings: dict[str, Any]) -> httpx.Response:
    return httpx.put(f"{cloud.url}/_local/permissions", json=list(settings))


def test_the_caller_may_do_everything_unless_a_test_says_otherwise(cloud: Harness) -> None:
    everything = [{"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}]
    assert permissions(cloud, HERE) == everything
    say(cloud, {"scope": HERE, "permissions": []})
    assert permissions(cloud, HERE) == []
    say(cloud)
    assert permissions(cloud, HERE) == everything


def test_a_group_has_what_its_subscription_has_and_its_own_and_no_other_groups(cloud: Harness) -> None:
    for name in ("rg", "rg-2"):
        cloud.resources.resource_groups.create_or_update(name, {"location": "westeurope"})
    group = bodies.group_id("rg")
    say(
        cloud,
        {"scope": HERE, "permissions": [{"actions": ["*/read"]}]},
        {"scope": group, "permissions": [{"actions": ["*"], "notActions": ["*/delete"]}]},
    )

    assert [each["actions"] for each in permissions(cloud, HERE)] == [["*/read"]]
    assert [each["actions"] for each in permissions(cloud, group.upper())] == [["*/read"], ["*"]]
    assert [each["actions"] for each in permissions(cloud, bodies.group_id("rg-2"))] == [["*/read"]]


def test_a_group_that_is_not_there_and_a_setting_that_is_none_are_refused(cloud: Harness) -> None:
    missing = cloud.http("GET", f"{bodies.group_id('none')}/providers/Microsoft.Authorization/permissions")
    assert missing.json()["error"]["code"] == "ResourceGroupNotFound"
    assert say(cloud, {"scope": HERE}).status_code == 400
