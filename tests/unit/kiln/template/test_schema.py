from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from kiln.template.schema import template_schema, trigger_schema
from tests.json_schema import judge_class
from tests.unit.kiln.template.bodies import BODY, changed
from tests.unit.kiln.template.strategies import templates

EXAMPLES = sorted((Path(__file__).parents[4] / "examples").glob("*.json"))
SCHEMA = template_schema()


@functools.cache
def judge() -> Any:
    return judge_class()(SCHEMA)


def test_it_is_a_json_schema_with_an_address() -> None:
    judge_class().check_schema(SCHEMA)
    assert SCHEMA["$schema"] == judge_class().META_SCHEMA["$id"]
    assert SCHEMA["$id"]
    assert SCHEMA["title"]


def test_every_object_is_closed_and_every_property_described() -> None:
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        assert part["additionalProperties"] is False
        assert part["title"]
        assert part["description"]
        assert all(content["description"].endswith(".") for content in part["properties"].values())


def test_a_step_is_told_apart_by_its_type() -> None:
    steps = SCHEMA["$defs"]["TemplateProperties"]["properties"]["customize"]["items"]
    assert steps["discriminator"]["propertyName"] == "type"
    assert set(steps["discriminator"]["mapping"]) >= {"Shell", "Restart"}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_valid(file: Path) -> None:
    judge().validate({"$schema": "schema.json", **json.loads(file.read_text(encoding="utf-8"))})


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(templates)
def test_what_is_a_template_is_valid(body: dict[str, Any]) -> None:
    judge().validate(body)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties.customize.0.Inline", ["x"]),
        ("properties.customize.0.type", "shell"),
        ("properties.customize.1.destination", "relative"),
        ("properties.customize.1.sha256Checksum", "ABC"),
        ("properties.distribute.1.runOutputName", "no spaces"),
        ("properties.buildTimeoutInMinutes", "60"),
        ("identity", ...),
    ],
)
def test_what_is_none_is_not(path: str, value: Any) -> None:
    assert judge().is_valid(BODY)
    assert not judge().is_valid(changed(path, value))


@pytest.mark.parametrize(
    ("properties", "valid"),
    [
        ({"kind": "SourceImage", "versionFilter": "22.*", "coolDown": "PT1H"}, True),
        ({"kind": "Schedule", "schedule": "0 3 * * *"}, True),
        ({"kind": "Event", "filter": {"types": ["T"]}}, True),
        ({"kind": "Webhook"}, True),
        ({"kind": "Schedule"}, False),
        ({"kind": "Event", "filter": {"types": []}}, False),
        ({"kind": "SourceImage", "failureLimit": 11}, False),
        ({"kind": "SourceImage", "schedule": "0 3 * * *"}, False),
    ],
)
def test_triggers_have_a_schema(properties: dict[str, Any], valid: bool) -> None:  # noqa: FBT001 - a table's column
    schema = trigger_schema()
    judge_class().check_schema(schema)
    assert judge_class()(schema).is_valid({"properties": properties}) is valid
