from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.azure import bodies
from tests.contract.azure.harness import refused

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

SCOPE = bodies.group_id("rg").removeprefix("/")


def make(cloud: Harness, tags: dict[str, str]) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope", "tags": tags})


def update(cloud: Harness, operation: str, tags: dict[str, Any]) -> Any:
    body: Any = {"operation": operation, "properties": {"tags": tags}}
    return cloud.resources.tags.begin_update_at_scope(SCOPE, body).result()


@pytest.mark.parametrize(
    ("operation", "given", "left"),
    [
        ("Merge", {"OWNER": "c", "new": "d"}, {"owner": "c", "team": "b", "new": "d"}),
        ("Delete", {"Owner": "a"}, {"team": "b"}),
        ("Delete", {"owner": ""}, {"team": "b"}),
        ("Delete", {"owner": "another", "absent": "x"}, {"owner": "a", "team": "b"}),
        ("Replace", {"new": "d"}, {"new": "d"}),
    ],
    ids=["merge", "delete a pair", "delete by name", "delete what is another", "replace"],
)
def test_the_tags_of_a_group_are_changed_one_by_one(
    cloud: Harness, operation: str, given: dict[str, str], left: dict[str, str]
) -> None:
    make(cloud, {"owner": "a", "team": "b"})

    assert update(cloud, operation, given).properties.tags == left

    assert cloud.resources.resource_groups.get("RG").tags == left
    assert cloud.resources.tags.get_at_scope(SCOPE).properties.tags == left


def test_a_change_of_tags_makes_no_group(cloud: Harness) -> None:
    error = refused(lambda: update(cloud, "Merge", {"a": "b"}), "ResourceGroupNotFound")

    assert error.status_code == 404
    assert not cloud.resources.resource_groups.check_existence("rg")


def test_more_than_fifty_tags_a_value_that_is_no_text_and_an_unknown_operation_are_refused(cloud: Harness) -> None:
    make(cloud, {f"old{at}": "x" for at in range(30)})

    for operation, tags in (("Merge", {f"new{at}": "x" for at in range(21)}), ("Merge", {"a": 1}), ("Add", {"a": "b"})):
        path = f"/{SCOPE}/providers/Microsoft.Resources/tags/default"
        answer = cloud.http("PATCH", path, json={"operation": operation, "properties": {"tags": tags}})
        assert answer.status_code == 400
    assert len(cloud.resources.resource_groups.get("rg").tags or {}) == 30
