from __future__ import annotations

import re

import pytest

from devkit.settings_table import DOCS, filled
from kiln.config import SETTINGS

PAGES = {
    path.name: text
    for path in sorted(DOCS.glob("*.md"))
    if "<!-- settings:" in (text := path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_in_docs_are_what_the_model_says(name: str) -> None:
    assert PAGES[name] == filled(PAGES[name]), "run: make docs"


def test_a_page_has_all_settings_and_another_one_those_of_access() -> None:
    assert set(PAGES) == {"operations.md", "access.md"}
    assert re.findall(r"^\| `([A-Z_]+)` \|", table(PAGES["operations.md"]), re.MULTILINE) == list(SETTINGS)


def table(page: str) -> str:
    return page.partition("<!-- settings:")[2].partition("<!-- /settings -->")[0]


def test_only_what_is_between_the_marks_is_written() -> None:
    page = "before\n<!-- settings: KILN_HISTORY_DAYS KILN_STATE_* -->\nbygone\n<!-- /settings -->\n| after |\n"

    made = filled(page)

    assert made.startswith("before\n<!-- settings: KILN_HISTORY_DAYS KILN_STATE_* -->\n\n| setting | default |")
    assert made.endswith("|\n\n<!-- /settings -->\n| after |\n")
    assert "| `KILN_STATE_ENDPOINT` | none: required | an http or https URL" in made
    assert "| `KILN_HISTORY_DAYS` | `30` | a whole number from 0 to 36500 | How long" in made
    assert "bygone" not in made
    assert made == filled(made)


def test_a_pattern_of_no_setting_is_an_error() -> None:
    with pytest.raises(ValueError, match="KILN_NOTHING"):
        filled("<!-- settings: KILN_NOTHING -->\n<!-- /settings -->")
