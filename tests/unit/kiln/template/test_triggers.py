from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kiln.errors import TemplateInvalid
from kiln.template.base import See
from kiln.template.models import ImageTemplate
from kiln.template.parse import parse_template
from kiln.template.patch import PatchBody
from kiln.template.schema import reachable
from kiln.template.shape import properties
from kiln.template.triggers import HOW_TO, Trigger, check_trigger, parse_trigger
from kiln.template.versions import LATEST
from tests.unit.kiln.template.bodies import BODY, GALLERY_IMAGE, changed

ROOT = Path(__file__).resolve().parents[4]
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


@pytest.mark.parametrize(
    ("trigger", "source"),
    [
        ({"kind": "Schedule", "schedule": "daily"}, "docs/triggers.md#schedule"),
        ({"kind": "Schedule", "schedule": "0 3 * * *", "wait": 1}, "docs/triggers.md#schedule"),
        ({"kind": "Event", "filter": {"types": 1}}, "docs/triggers.md#event"),
        ({"kind": "Webhook", "secret": 1}, "docs/triggers.md#webhook"),
        ({"kind": "SourceImage", "versionFilter": "new"}, "docs/triggers.md#sourceimage"),
        ({"kind": "SourceImage", "coolDown": "1h"}, "docs/triggers.md#settings-of-all-kinds"),
        ({"kind": "SourceImage", "colour": "red"}, HOW_TO),
        ({"kind": "Sourceimage"}, HOW_TO),
    ],
)
def test_a_problem_links_the_page_that_has_the_rule(trigger: dict[str, Any], source: str) -> None:
    with pytest.raises(TemplateInvalid) as raised:
        parse_trigger({"properties": trigger}, LATEST)
    (problem,) = raised.value.problems
    assert problem.source == source


def test_what_is_kilns_own_has_its_rules_in_a_section_that_there_is() -> None:
    models = [*reachable(ImageTemplate), *reachable(Trigger), *reachable(PatchBody)]
    links = {link for model in models for link in (model.section, model.own_rules)}
    links |= {see.section for model in models for one in properties(model).values() for see in one.shape.marked(See)}
    own = {link for link in links if link.startswith("docs/")}
    assert len(own) >= 6
    for link in own:
        page, _, anchor = link.partition("#")
        headings = re.findall("^#+ (.*)$", (ROOT / page).read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, link
