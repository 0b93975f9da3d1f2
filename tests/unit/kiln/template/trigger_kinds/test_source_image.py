from __future__ import annotations

import pytest

from kiln.template.trigger_kinds.source_image import is_filter, matches_version


@pytest.mark.parametrize(
    ("text", "version", "passes"),
    [
        (None, "1.0.0", True),
        ("22.*", "22.4.1", True),
        ("22.*", "122.4.1", False),
        ("1.0.?", "1.0.9", True),
        ("1.0.?", "1.0.10", False),
        (">=22.4", "22.4.0", True),
        (">22.4", "22.4.0", False),
        (">22.4", "22.4.1", True),
        (">=22.4 <24", "24.0.0", False),
        (">=22.4,<24", "23.9.202601010", True),
        (">=9.0", "10.0.0", True),
        ("<=1.2.3", "1.2.3", True),
        (">=1", "not.a.version", False),
    ],
)
def test_a_version_passes_or_not(text: str | None, version: str, passes: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches_version(text, version) is passes


@pytest.mark.parametrize(
    "text", ["", " ", "latest", "22.x", "=22", ">= 22", ">=22 || <3", "[0-9]*", "x" * 100, ">=\uff11", "\uff11.*"]
)
def test_what_is_no_filter_is_none(text: str) -> None:
    assert not is_filter(text)
