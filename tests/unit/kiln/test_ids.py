from __future__ import annotations

import pytest

from kiln.ids import part_of, plain_version

COMPUTE = "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/galleries/{gallery}/images/{image}"


@pytest.mark.parametrize("name", ["galleries", "images", "subscriptions", "resourceGroups", "providers", "IMAGES"])
def test_a_name_that_is_called_like_a_type_is_no_type(name: str) -> None:
    """Otherwise an id within reach could be read as a resource outside of it, such as the gallery `providers`."""
    for which in ("group", "gallery", "image"):
        names = {"group": "g", "gallery": "mine", "image": "web", which: name}
        arm_id = COMPUTE.format(**names)

        found = {part: part_of(arm_id, part) for part in ("subscriptions", "resourceGroups", "galleries", "images")}

        assert found == {
            "subscriptions": "s",
            "resourceGroups": names["group"],
            "galleries": names["gallery"],
            "images": names["image"],
        }


def test_types_are_found_in_any_case_and_missed_where_there_is_none() -> None:
    assert part_of("/SUBSCRIPTIONS/s/ResourceGroups/G", "resourcegroups") == "G"
    with pytest.raises(ValueError, match="has no galleries"):
        part_of("/subscriptions/s/resourceGroups/galleries", "galleries")


@pytest.mark.parametrize(
    ("version", "plain"),
    [("24.04.202510010", "24.4.202510010"), ("1.0.0", "1.0.0"), ("00.010.0", "0.10.0"), ("next", "next"), ("", "")],
)
def test_a_version_is_one_in_whatever_spelling(version: str, plain: str) -> None:
    assert plain_version(version) == plain
