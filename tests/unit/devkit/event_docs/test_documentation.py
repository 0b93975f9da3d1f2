from __future__ import annotations

import json
from pathlib import Path

import pytest

from devkit.event_docs.schema import example_of, schema_of
from kiln.events.event_types import EventType
from kiln.events.payloads import PAYLOADS, Payload
from tests.golden import assert_golden
from tests.json_schema import judge_class
from tests.unit.devkit.event_docs.page import page, schema_file

DOCS = Path(__file__).parents[4] / "docs"
each = pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.type.value)


def test_every_type_has_a_payload() -> None:
    assert sorted(payload.type for payload in PAYLOADS) == sorted(EventType)


def test_the_page_is_what_the_models_say() -> None:
    file = DOCS / "events.md"
    assert_golden(str(file), page(file.read_text(encoding="utf-8")))


@each
def test_the_schema_in_docs_is_what_the_model_says(payload: type[Payload]) -> None:
    text = json.dumps(schema_of(payload), indent=2) + "\n"
    assert_golden(str(DOCS / "events" / schema_file(payload)), text)


def test_docs_has_no_other_schemas() -> None:
    assert sorted(path.name for path in (DOCS / "events").iterdir()) == sorted(map(schema_file, PAYLOADS))


@each
def test_the_example_is_as_the_schema_says(payload: type[Payload]) -> None:
    schema = schema_of(payload)
    judge_class().check_schema(schema)
    judge = judge_class()(schema)

    judge.validate(example_of(payload))


@each
def test_the_schema_notices_what_is_wrong(payload: type[Payload]) -> None:
    judge = judge_class()(schema_of(payload))
    example = example_of(payload)
    for name in ("id", "source", "time", "data"):
        assert not judge.is_valid({key: value for key, value in example.items() if key != name})
    assert not judge.is_valid(example | {"type": "Kiln.Another"})
    for name in schema_of(payload)["properties"]["data"]["required"]:
        assert not judge.is_valid(
            example | {"data": {key: item for key, item in example["data"].items() if key != name}}
        )
