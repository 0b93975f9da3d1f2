from __future__ import annotations

import pytest

from devkit.azure import ids
from devkit.azure.errors import ArmError

VERSION = "/subscriptions/s/resourceGroups/G/providers/Microsoft.Compute/galleries/a/images/b/versions/1.0.0"


def test_an_id_is_taken_apart() -> None:
    found = ids.parse(VERSION)
    assert (found.subscription, found.group, found.name) == ("s", "G", "1.0.0")
    assert found.type == "Microsoft.Compute/galleries/images/versions"
    assert ids.parse("/subscriptions/s/resourcegroups/G").type == ""
    assert ids.parent(VERSION).endswith("/images/b")
    assert ids.group_id(VERSION) == "/subscriptions/s/resourceGroups/G"


def test_ids_are_compared_without_case_and_double_slashes() -> None:
    assert ids.key(VERSION) == ids.key(VERSION.upper().replace("/GALLERIES", "//GALLERIES") + "/")


@pytest.mark.parametrize("text", ["", "vm", VERSION + "/extra", VERSION.removeprefix("/subscriptions/s")])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ArmError, match="not a fully qualified resource Id"):
        ids.parse(text)
