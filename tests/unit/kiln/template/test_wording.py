from __future__ import annotations

from typing import Any

import pytest

from kiln.template.wording import kind, one_of, path_text, reference


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "$"),
        (("properties", "customize", 1, "inline"), "properties.customize[1].inline"),
        (("tags", "a b"), "tags['a b']"),
        (("tags", "it's"), "tags['it\\'s']"),
        (("tags", ""), "tags['']"),
        (("a.b",), "['a.b']"),
        (("tags", "\ud800\n"), "tags['\\ud800\\n']"),
        (("tags", "x" * 500), f"tags['{'x' * 200}']"),
    ],
)
def test_a_path_is_written_as_resource_manager_does(path: tuple[str | int, ...], text: str) -> None:
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "an object"),
        ([], "a list"),
        ("", "a string"),
        (True, "a boolean"),
        (None, "null"),
        (1, "a number"),
        (1.5, "a number"),
        (b"", "something else"),
    ],
)
def test_a_value_is_named_by_its_kind(value: Any, name: str) -> None:
    assert kind(value) == name


def test_choices_and_links_are_spelt_out() -> None:
    assert one_of(("a", "b")) == "one of 'a', 'b'"
    assert reference("tags").endswith("/image-builder-json#tags")
    assert reference("").endswith("/image-builder-json")
