from __future__ import annotations

import pytest

from devkit.local.options import setting


def test_a_setting_is_a_name_and_all_that_follows_the_first_equals_sign() -> None:
    assert setting("KILN_GRANTS=[a=b]") == ("KILN_GRANTS", "[a=b]")
    assert setting("KILN_TOPIC_ENDPOINT=") == ("KILN_TOPIC_ENDPOINT", "")


@pytest.mark.parametrize("text", ["", "KILN_GRANTS", "=x", "PATH=/bin", "kiln_grants=x"])
def test_what_is_no_setting_of_kiln_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected KILN_NAME=VALUE"):
        setting(text)
