from __future__ import annotations

from typing import Any

import pytest

from kiln.errors import TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.triggers import check_trigger, parse_trigger
from tests.unit.kiln.template.bodies import BODY, GALLERY_IMAGE, changed

TRIGGER = {"properties": {"kind": "SourceImage"}}
BASE_IMAGE = GALLERY_IMAGE.replace("hello", "base")


def filtered(**filter_: Any) -> dict[str, Any]:
    """Return a trigger that waits for events of this filter."""
    return {"properties": {"kind": "Event", "filter": filter_}}


def test_the_body_of_aib_is_taken_with_what_it_echoes_back() -> None:
    echoed = {"id": "/x", "properties": {**TRIGGER["properties"], "status": {"code": "Healthy"}}}
    assert parse_trigger(echoed) == parse_trigger(TRIGGER, "2022-07-01")


@pytest.mark.parametrize(
    ("body", "where", "said"),
    [
        ({}, "properties", "is required"),
        ({"properties": {}}, "properties.kind", "is required"),
        ({"properties": {"kind": "sourceImage"}}, "properties.kind", "did you mean 'SourceImage'?"),
        ({"properties": {"kind": "SourceImage", "every": "1d"}}, "properties.every", "not a property"),
        (None, "$", "expected a JSON object, got null"),
        (filtered(types=[]), "properties.filter.types", "expected a list of 1 or more, got a list of 0"),
        (filtered(types=["a"] * 26), "properties.filter.types", "expected a list of at most 25, got a list of 26"),
        (
            filtered(types=["a" * 257]),
            "properties.filter.types[0]",
            "expected a string of at most 256 characters, got a longer one",
        ),
    ],
)
def test_what_is_no_trigger_is_refused_by_path(body: Any, where: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as raised:
        parse_trigger(body)
    assert [(problem.path, said in problem.message) for problem in raised.value.problems] == [(where, True)]


def test_triggers_came_with_an_api_version() -> None:
    with pytest.raises(TemplateInvalid) as raised:
        parse_trigger(TRIGGER, "2022-02-14")
    assert "is new in api-version 2022-07-01" in raised.value.problems[0].message


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("properties.source.version", "1.2.3", ["properties.source.version"]),
        (
            "properties.source",
            {"type": "SharedImageVersion", "imageVersionId": f"{BASE_IMAGE}/versions/1.2.3"},
            ["properties.source.imageVersionId"],
        ),
        ("properties.source", {"type": "ManagedImage", "imageId": "/x"}, ["properties.source.type"]),
        (
            "properties.distribute.0.galleryImageId",
            f"{GALLERY_IMAGE}/versions/1.2.3",
            ["properties.distribute[0].galleryImageId"],
        ),
        (
            "properties.source",
            {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY_IMAGE.upper()}/versions/latest"},
            [],
        ),
        (
            "properties.source",
            {"type": "SharedImageVersion", "imageVersionId": f"{BASE_IMAGE}/versions/Latest"},
            [],
        ),
        ("properties.source.version", "Latest", []),
        ("location", "westeurope", []),
    ],
)
def test_a_template_that_cannot_be_triggered_is_told_why(path: str, value: Any, where: list[str]) -> None:
    problems = check_trigger(parse_template(changed(path, value)), parse_trigger(TRIGGER), ())
    assert [problem.path for problem in problems] == where


def test_a_definition_is_patched_from_its_latest_version_only_under_the_next_number() -> None:
    body = changed(
        "properties.source", {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY_IMAGE}/versions/latest"}
    )
    body["properties"]["distribute"][0]["versioning"] = {"scheme": "Source"}

    (problem,) = check_trigger(parse_template(body), parse_trigger(TRIGGER), ())

    assert problem.path == "properties.distribute[0].galleryImageId"
    assert "versioning Latest" in problem.message


def test_a_template_has_one_trigger_of_the_kind() -> None:
    (problem,) = check_trigger(parse_template(BODY), parse_trigger(TRIGGER), [parse_trigger(TRIGGER)])
    assert problem.path == "properties.kind"
    assert "the template has another" in problem.message
