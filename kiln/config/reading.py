"""Reads the settings from the environment. No other place of the app reads it."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from pydantic import ValidationError

from kiln.config.model import SETTINGS, Config
from kiln.config.setting import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from kiln.config.setting import AppSetting, BadSetting

_BY_FIELD = {setting.field: setting for setting in SETTINGS.values()}


@functools.cache
def config() -> Config:
    """Return this process's settings, read once: Azure restarts the app when one changes. Raises `SettingsInvalid`."""
    return read(_environment())


def read(environment: Mapping[str, str]) -> Config:
    """Return the settings in `environment`, where an empty text counts as not set.

    If the app can work without a setting whose value is not valid, its default counts, and `bad` has the problem.
    Raises `SettingsInvalid`, with the problems of all other settings.
    """
    texts = {setting.field: text for name, setting in SETTINGS.items() if (text := environment.get(name))}
    try:
        return Config.model_validate(texts)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    bad = {_BY_FIELD[str(each["loc"][0])]: each for each in details}
    fatal = tuple(_told(setting, each, texts) for setting, each in bad.items() if not setting.mark.otherwise)
    if fatal:
        raise SettingsInvalid(fatal)
    good = {field: text for field, text in texts.items() if _BY_FIELD[field] not in bad}
    return Config.model_validate({**good, "bad": tuple(_told(setting, each, texts) for setting, each in bad.items())})


def binding(name: str) -> str:
    """Return a setting for a trigger's binding: `%NAME%`, which the host replaces, or the default if it is not set.

    It is needed while the app is loaded, and works even if other settings are missing.
    """
    return f"%{name}%" if _environment().get(name) else SETTINGS[name].default


def set_names() -> frozenset[str]:
    """Return the names of all environment variables, those of others, too."""
    return frozenset(_environment())


def _environment() -> Mapping[str, str]:
    return os.environ


def _told(setting: AppSetting, detail: ErrorDetails, texts: Mapping[str, str]) -> BadSetting:
    if setting.field not in texts:
        return setting.missing()
    reason = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else ""
    return setting.bad(texts[setting.field], reason)
