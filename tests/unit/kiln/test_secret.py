from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from kiln.secret import KeptSecret, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "canary-0123456789abcdef"


class Model(BaseModel):
    plain: str = "x"
    hidden: Secret


class Place(BaseModel):
    hidden: KeptSecret


@pytest.mark.parametrize(
    "told",
    [
        repr,
        str,
        lambda secret: f"{secret} {secret!r} {secret!s} {secret:>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - as log lines are made
        lambda secret: str([secret]),
        lambda secret: repr(Model(hidden=secret)),
        lambda secret: str(vars(Model(hidden=secret))),
        lambda secret: logging.LogRecord("n", logging.INFO, "p", 1, "%s", (secret,), None).getMessage(),
    ],
)
def test_no_text_of_a_secret_has_it(told: Callable[[Secret], str]) -> None:
    text = told(Secret(TEXT))
    assert "canary" not in text
    assert "****" in text


@pytest.mark.parametrize(
    "written",
    [
        json.dumps,
        pickle.dumps,
        lambda secret: Model(hidden=secret).model_dump_json(),
        lambda secret: Model(hidden=secret).model_dump(),
        lambda secret: Model(hidden=secret).model_dump(mode="json"),
        lambda secret: pickle.dumps(Model(hidden=secret)),
        hash,
        bytes,
    ],
)
def test_a_secret_is_not_written_by_accident(written: Callable[[Secret], object]) -> None:
    with pytest.raises((TypeError, PydanticSerializationError)) as caught:
        written(Secret(TEXT))
    assert "canary" not in str(caught.value)


def test_a_secret_is_read_from_json_and_revealed() -> None:
    model = Model.model_validate_json(json.dumps({"hidden": TEXT}))
    assert model.hidden.reveal() == TEXT
    assert model.model_dump(exclude={"hidden"}) == {"plain": "x"}


def test_the_error_of_a_value_that_is_no_text_does_not_name_a_class_of_ours() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"hidden": 7})
    assert [error["loc"] for error in caught.value.errors()] == [("hidden",)]


def test_a_secrets_own_place_writes_it_and_reads_it_back() -> None:
    written = Place(hidden=Secret(TEXT)).model_dump_json()
    assert TEXT in written
    assert Place.model_validate_json(written).hidden == Secret(TEXT)


def test_secrets_are_compared_with_secrets_alone() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "1")
    assert Secret(TEXT) != TEXT
    assert Secret("ä") == Secret("ä")
    assert len(Secret(TEXT)) == len(TEXT)


def test_a_copy_of_what_holds_a_secret_holds_the_same() -> None:
    held = {"a": Secret(TEXT)}
    assert copy.deepcopy(held) == copy.copy(held) == held


def test_an_editor_takes_a_secret_for_a_password() -> None:
    assert Model.model_json_schema()["properties"]["hidden"] == {
        "format": "password",
        "title": "Hidden",
        "type": "string",
        "writeOnly": True,
    }
