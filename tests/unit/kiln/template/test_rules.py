"""Rules of whole objects and lists: tags within Azure's limits, and targets with a place of their own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from kiln.errors import Problem, TemplateInvalid
from kiln.template.overrides import apply_overrides
from kiln.template.parse import parse_template
from kiln.template.patch import parse_patch
from kiln.template.versions import LATEST
from tests.unit.kiln.template.bodies import BODY, GALLERY_IMAGE, changed

IMAGE = GALLERY_IMAGE.split("/galleries/", maxsplit=1)[0] + "/images/web"
VHDS = "https://account.blob.core.windows.net/vhds"


def problems(body: dict[str, Any]) -> tuple[Problem, ...]:
    """Return the problems for which a request with this body is refused."""
    try:
        parse_template(body, LATEST)
    except TemplateInvalid as error:
        return error.problems
    return ()


TAG_PLACES = {
    "tags": ("tags", 50, 512),
    "properties.managedResourceTags": ("properties.managedResourceTags", 44, 128),
    "properties.distribute[0].artifactTags": ("properties.distribute.0.artifactTags", 46, 512),
    "properties.distribute[1].artifactTags": ("properties.distribute.1.artifactTags", 46, 512),
}
NO_TAGS: dict[str, dict[str, str]] = {
    "more than case": {"a": "1", "A": "2"},
    "not blank": {" ": "1"},
    "256 characters": {"a": "v" * 257},
    "without <": {"a/b": "1"},
    "and control": {"a\nb": "1"},
}


@pytest.mark.parametrize(("path", "said"), list(itertools.product(TAG_PLACES, NO_TAGS)))
def test_a_tag_that_azure_refuses_is_refused_by_its_path(path: str, said: str) -> None:
    (problem,) = problems(changed(TAG_PLACES[path][0], NO_TAGS[said]))
    assert problem.path.startswith(path)
    assert problem.path != path
    assert said in problem.message


@pytest.mark.parametrize("path", TAG_PLACES)
def test_tags_are_counted_with_those_that_kiln_adds(path: str) -> None:
    where, most, longest = TAG_PLACES[path]
    assert problems(changed(where, {f"t{number}": "" for number in range(most)})) == ()
    (problem,) = problems(changed(where, {f"t{number}": "" for number in range(most + 1)}))
    assert (problem.path, f"expected at most {most} tags" in problem.message) == (path, True)
    assert problems(changed(where, {"n" * longest: "v" * 256})) == ()
    assert f"{longest} characters" in problems(changed(where, {"n" * (longest + 1): ""}))[0].message


@pytest.mark.parametrize("character", "<>%&\\?/")
def test_a_reserved_character_is_for_hidden_tags_alone(character: str) -> None:
    assert problems(changed("tags", {f"a{character}": "1"})) != ()
    assert (
        problems(changed("tags", {f"hidden-link:{character}subscriptions": "Resource", f"link:{character}": ""})) == ()
    )


def test_the_tags_of_a_vhd_fit_into_its_metadata() -> None:
    many = {f"{'n' * 60}{number}": "v" * 256 for number in range(40)}
    (problem,) = problems(changed("properties.distribute.1.artifactTags", many))
    assert (problem.path, "bytes" in problem.message) == ("properties.distribute[1].artifactTags", True)
    assert problems(changed("properties.distribute.0.artifactTags", many)) == ()


def managed(image_id: str, location: str = "westeurope") -> dict[str, Any]:
    return {"type": "ManagedImage", "imageId": image_id, "location": location}


def vhd(uri: str) -> dict[str, Any]:
    return {"type": "VHD", "uri": uri}


def shared(version: str) -> dict[str, Any]:
    return {"type": "SharedImage", "galleryImageId": f"{GALLERY_IMAGE}{version}"}


def targets(*given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**target, "runOutputName": f"output-{index}"} for index, target in enumerate(given)]


SAME = {
    "imageId": (managed(IMAGE), managed(IMAGE.replace("/images/web", "/images/WEB"), "northeurope")),
    "uri": (vhd(f"{VHDS}/y.vhd"), vhd("https://ACCOUNT.blob.core.windows.net:443/vhds/%79.vhd")),
    "galleryImageId": (shared("/versions/1.0.0"), shared("/Versions/1.0.0")),
}
APART = [
    (managed(IMAGE), managed(f"{IMAGE}2")),
    (vhd(f"{VHDS}/y.vhd"), vhd(f"{VHDS}/Y.vhd")),
    (vhd(VHDS), vhd(VHDS)),
    (vhd(f"{VHDS}/a/"), vhd(f"{VHDS}/a/")),
    (vhd(""), vhd("")),
    (shared(""), shared("")),
    (shared("/versions/1.0.0"), shared("/versions/1.0.1")),
]


@pytest.mark.parametrize("name", SAME)
def test_two_targets_of_one_place_are_refused(name: str) -> None:
    distribute = targets(*SAME[name])
    (problem,) = problems(changed("properties.distribute", distribute))
    assert problem.path == f"properties.distribute[1].{name}"
    with pytest.raises(TemplateInvalid, match=r"another image than that of distribute\[0\]"):
        parse_patch({"properties": {"distribute": distribute}}, LATEST)
    with pytest.raises(TemplateInvalid, match=r"another image"):
        apply_overrides(BODY, {"distribute": distribute})


@pytest.mark.parametrize("pair", APART)
def test_targets_of_two_places_are_taken(pair: tuple[dict[str, Any], ...]) -> None:
    assert problems(changed("properties.distribute", targets(*pair))) == ()


def test_a_patch_of_tags_is_held_to_the_same_rules() -> None:
    with pytest.raises(TemplateInvalid, match="more than case"):
        parse_patch({"tags": {"a": "", "A": ""}}, LATEST)


@pytest.mark.parametrize(
    "value", ["x", 1, [], [1], {"a": 1}, [{"imageId": 1}], [{"type": "VHD", "uri": "https://[::1/x"}]]
)
def test_what_has_another_shape_is_told_and_breaks_nothing(value: Any) -> None:
    assert problems(changed("tags", value)) or value == {}
    assert problems(changed("properties.distribute", value)) or value == []


def test_what_was_stored_before_a_rule_came_stays_readable() -> None:
    parse_template(changed("tags", {"a/b": "1"}))
    parse_template(changed("properties.distribute", targets(*SAME["imageId"])))
