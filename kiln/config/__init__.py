"""The app's settings: one model of all of them, read once from the environment of the process, and nowhere else.

`model.py` is the list. docs/operations.md shows it as a table, which `python -m devkit.settings_table` makes.
"""

from kiln.config.identity import credential, identity_credential
from kiln.config.model import SETTINGS, Config
from kiln.config.reading import binding, config, read, set_names
from kiln.config.setting import BadSetting, SettingsInvalid

__all__ = [
    "SETTINGS",
    "BadSetting",
    "Config",
    "SettingsInvalid",
    "binding",
    "config",
    "credential",
    "identity_credential",
    "read",
    "set_names",
]
