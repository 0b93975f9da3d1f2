from __future__ import annotations

from typing import Any

from hypothesis import given

from kiln.template.parse import parse_template
from kiln.template.spelling import respelled
from tests.unit.kiln.template.bodies import BODY
from tests.unit.kiln.template.strategies import templates


def shouted(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Return a body with each property's name in upper case, but those of maps, which are values."""
    if isinstance(value, list):
        return [shouted(item, (*path, at)) for at, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if path and path[-1] in {"tags", "artifactTags", "userAssignedIdentities", "managedResourceTags"}:
        return value
    return {name.upper(): shouted(item, (*path, name)) for name, item in value.items()}


@given(templates)
def test_a_template_is_read_in_any_case_of_its_names(body: dict[str, Any]) -> None:
    assert respelled(body) == (body, {})
    assert respelled(shouted(body))[0] == body


def test_each_name_that_is_changed_is_told_by_its_place() -> None:
    body = {**BODY, "properties": {**BODY["properties"], "vmprofile": {"VMSize": "Standard_D2s_v5"}}}
    del body["properties"]["vmProfile"]

    found, changed = respelled(body)

    assert changed == {("properties", "vmprofile"): "vmProfile", ("properties", "vmProfile", "VMSize"): "vmSize"}
    assert parse_template(found).properties.vm_profile.vm_size == "Standard_D2s_v5"


def test_names_that_are_not_the_languages_stay_and_so_do_two_of_one() -> None:
    twice = {"location": "a", "Location": "b", "LOCATION": "c", "other": 1}
    assert respelled(twice) == (twice, {})
    assert respelled([1]) == ([1], {})
    tags = {"Tags": {"Name": "x"}}
    assert respelled(tags)[0] == {"tags": {"Name": "x"}}
