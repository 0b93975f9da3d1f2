"""Each setting's note says what it is for, and agrees with the model."""

from __future__ import annotations

import re

import pytest

from kiln.config import SETTINGS, Config, read

STATE = "https://state.blob.core.windows.net"


def test_each_field_is_a_setting_but_the_list_of_bad_ones() -> None:
    assert {setting.field for setting in SETTINGS.values()} == set(Config.model_fields) - {"bad"}
    assert len({setting.field for setting in SETTINGS.values()}) == len(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_says_in_one_sentence_what_it_is_for(name: str) -> None:
    mark = SETTINGS[name].mark
    assert re.fullmatch(r"[A-Z][^.]*(\.[^. ][^.]*)*\.", mark.meaning)
    assert not mark.unset.endswith(".")
    assert not mark.otherwise or mark.otherwise.startswith("so ")
    assert "|" not in mark.meaning + SETTINGS[name].accepts


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.bounds != (None, None)])
def test_a_number_has_its_unit_in_its_name_and_in_what_it_is_for(name: str) -> None:
    meaning = SETTINGS[name].mark.meaning
    units = {"_MB": "in MiB", "_DAYS": "in days", "_CONCURRENCY": "builds"}
    assert [unit for end, unit in units.items() if name.endswith(end) and unit in meaning]


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.default])
def test_a_default_is_a_value_that_somebody_could_set(name: str) -> None:
    setting = SETTINGS[name]
    assert getattr(read({"KILN_STATE_ENDPOINT": STATE, name: setting.default}), setting.field) == setting.info.default


def test_a_setting_that_has_to_be_set_has_no_default() -> None:
    assert [name for name, setting in SETTINGS.items() if setting.required] == ["KILN_STATE_ENDPOINT"]
    assert SETTINGS["KILN_STATE_ENDPOINT"].default == ""
