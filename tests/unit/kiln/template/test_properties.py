from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiln.errors import TemplateInvalid
from kiln.template.overrides import apply_overrides
from kiln.template.parse import parse_template, without_read_only
from kiln.template.patch import apply_patch, parse_patch
from kiln.template.references import check_references
from kiln.template.triggers import parse_trigger
from kiln.template.versions import API_VERSIONS
from tests.unit.kiln.template.bodies import BODY
from tests.unit.kiln.template.strategies import anything, spoilt, templates

if TYPE_CHECKING:
    from collections.abc import Callable

bodies = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answer(parse: Callable[[Any], object], body: Any) -> None:
    """Parse a body, and check the answer if it is a refusal; any other exception fails the test."""
    try:
        parse(body)
    except TemplateInvalid as error:
        assert error.problems  # noqa: PT017 - a refusal is one of two right answers
        for problem in error.problems:
            assert problem.path
            assert problem.message
            json.dumps(problem.model_dump(), ensure_ascii=False).encode()


@bodies
@given(templates)
def test_a_valid_template_survives_the_way_through_the_models(body: dict[str, Any]) -> None:
    template = parse_template(body)
    assert template.model_dump(mode="json", by_alias=True, exclude_unset=True) == body
    assert parse_template(template.model_dump(mode="json", by_alias=True)) == template
    assert parse_template(json.loads(json.dumps(body))) == template
    assert without_read_only(body) == body
    assert check_references(template) == ()


@bodies
@given(spoilt(templates), st.sampled_from([None, *API_VERSIONS]))
def test_a_spoilt_template_is_taken_or_refused_by_path(body: Any, api_version: str | None) -> None:
    def parse(content: Any) -> None:
        check_references(parse_template(content, api_version))

    answer(parse, body)


@bodies
@given(anything)
def test_any_json_is_taken_or_refused_by_path(body: Any) -> None:
    for parse in (parse_template, parse_patch, parse_trigger):
        answer(parse, body)
    answer(lambda overrides: apply_overrides(BODY, overrides), body)


@bodies
@given(spoilt(templates))
def test_parts_of_a_template_are_patches_or_refused_by_path(body: Any) -> None:
    answer(lambda content: apply_patch(BODY, parse_patch(content)), body)
    properties = body.get("properties", {}) if isinstance(body, dict) else {}
    parts = (
        {name: properties[name] for name in ("distribute", "vmProfile") if name in properties}
        if isinstance(properties, dict)
        else {}
    )
    answer(lambda content: apply_patch(BODY, parse_patch(content)), {"properties": parts})
    answer(lambda overrides: apply_overrides(BODY, overrides), properties)


@pytest.mark.parametrize("place", ["tags", "location", "properties"])
def test_a_body_that_is_nested_without_end_is_refused_by_path(place: str) -> None:
    deep: Any = "end"
    for _ in range(50_000):
        deep = {"properties": deep}
    answer(parse_template, {**BODY, place: deep})
    answer(parse_patch, {place: deep})
    answer(lambda overrides: apply_overrides(BODY, overrides), {"vmProfile": deep})
    while isinstance(deep, dict):  # taken apart by hand: the interpreter frees nested objects by recursion
        deep = deep.pop("properties")
