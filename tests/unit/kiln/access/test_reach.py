from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from kiln.access.reach import SETTING, Reach, named, outside
from kiln.ids import TemplateId
from kiln.template.base import ArmId, Url
from kiln.template.models import ImageTemplate
from kiln.template.overrides import apply_overrides
from kiln.template.parse import parse_template
from kiln.template.patch import apply_patch, parse_patch
from kiln.template.references import check_references, check_texts
from kiln.template.shape import properties
from kiln.template.triggers import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.base import Model
    from kiln.template.shape import Shape

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
SUBNETS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
VHDS = "https://images.blob.core.windows.net/vhds"
TEMPLATE = TemplateId(subscription=SUBSCRIPTION, group="team", name="web")

FULL: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITIES}/reader": {}}},
    "properties": {
        "source": {
            "type": "SharedImageVersion",
            "imageVersionId": f"{COMPUTE}/galleries/g/images/base/versions/latest",
        },
        "customize": [{"type": "File", "sourceUri": "https://example.com/a", "destination": "/tmp/a"}],
        "distribute": [
            {"type": "SharedImage", "runOutputName": "one", "galleryImageId": f"{COMPUTE}/galleries/g/images/web"},
            {
                "type": "ManagedImage",
                "runOutputName": "two",
                "imageId": f"{COMPUTE}/images/w",
                "location": "westeurope",
            },
            {"type": "VHD", "runOutputName": "three", "uri": f"{VHDS}/web.vhd"},
            {"type": "VHD", "runOutputName": "staged"},
        ],
        "vmProfile": {
            "userAssignedIdentities": [f"{IDENTITIES}/machine"],
            "vnetConfig": {"subnetId": f"{SUBNETS}/build", "containerInstanceSubnetId": f"{SUBNETS}/aci"},
        },
        "stagingResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/staging",
    },
}
"""A template with every name that a template can have, but for a source of the other kind."""

MANAGED_SOURCE = {"type": "ManagedImage", "imageId": f"{COMPUTE}/images/base"}
NAMES = {
    "identity.userAssignedIdentities": f"{IDENTITIES}/reader",
    "properties.source.imageVersionId": f"{COMPUTE}/galleries/g/images/base/versions/latest",
    "properties.source.imageId": f"{COMPUTE}/images/base",
    "properties.distribute[0].galleryImageId": f"{COMPUTE}/galleries/g/images/web",
    "properties.distribute[1].imageId": f"{COMPUTE}/images/w",
    "properties.distribute[2].uri": f"{VHDS}/web.vhd",
    "properties.vmProfile.userAssignedIdentities[0]": f"{IDENTITIES}/machine",
    "properties.vmProfile.vnetConfig.subnetId": f"{SUBNETS}/build",
    "properties.vmProfile.vnetConfig.containerInstanceSubnetId": f"{SUBNETS}/aci",
    "properties.stagingResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/staging",
}
"""Places at which a template names a resource of somebody's."""


def reach(*resources: str, templates: str = "/", never: tuple[str, ...] = ()) -> Reach:
    return Reach.read(json.dumps([{"templates": templates, "resources": list(resources)}]), never)


def paths(body: dict[str, Any], allowed: Reach) -> list[str]:
    """Return the properties with a name outside of the reach, with the names of identities left out."""
    return [problem.path.split("['")[0] for problem in outside(body, TEMPLATE, allowed)]


def bodies() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `FULL`, and the same with the other kind of source that names something."""
    other = copy.deepcopy(FULL)
    other["properties"]["source"] = MANAGED_SOURCE
    return FULL, other


@pytest.mark.parametrize("body", bodies(), ids=["gallery source", "managed source"])
def test_unset_reaches_nothing_and_names_the_setting(body: dict[str, Any]) -> None:
    closed = Reach.read(None)
    parse_template(body)

    problems = outside(body, TEMPLATE, closed)

    assert len(problems) == len(NAMES) - 1
    assert all(SETTING in problem.message for problem in problems)
    assert SETTING in closed.closed


def test_every_name_is_found_and_every_one_alone_is_refused() -> None:
    """Each name in turn is left out of the reach, and that one is told."""
    for left_out, resource in NAMES.items():
        body = bodies()[left_out == "properties.source.imageId"]
        others = [known for path, known in NAMES.items() if path != left_out]

        assert paths(body, reach(*others, resource)) == []
        assert paths(body, reach(*others)) == [left_out]


def places(model: type[Model], seen: tuple[type[Model], ...] = ()) -> Iterator[tuple[type[Model], str, Shape]]:
    """Yield every place of plain text that a model and those below it have, map keys and list items included."""
    for name, known in properties(model).items():
        yield from _below(model, name, known.shape, (*seen, model))


def _below(
    owner: type[Model], name: str, shape: Shape, seen: tuple[type[Model], ...]
) -> Iterator[tuple[type[Model], str, Shape]]:
    for inner in (shape.model, *shape.members.values()):
        if inner is not None and inner not in seen:
            yield from places(inner, seen)
    for part in (shape.item, shape.key, shape.value):
        if part is not None:
            yield from _below(owner, name, part, seen)
    if shape.plain is str:
        yield owner, name, shape


def is_reach(shape: Shape) -> bool:
    url = shape.mark(Url)
    return shape.mark(ArmId) is not None or (url is not None and url.written)


def test_no_property_of_the_models_that_names_something_is_forgotten_here() -> None:
    known = {(owner, name) for owner, name, shape in places(ImageTemplate) if is_reach(shape)}
    used = {
        (item.place.owner, next(part for part in reversed(item.place.path) if _is_property(item.place.owner, part)))
        for body in bodies()
        for item in named(body)
    }

    assert used == known, "give the new property a value in FULL and a line in NAMES, and docs/reach.md a row"
    assert len(used) == len(NAMES)


def _is_property(owner: type[Model], part: str | int) -> bool:
    return part in properties(owner)


def test_a_text_that_sounds_like_an_id_or_a_place_to_write_at_has_a_mark() -> None:
    harmless = {"runOutputName", "sha256Checksum", "planPublisher", "publisher", "proxyVmSize"}
    telling = ("id", "uri", "url", "identities", "group", "account", "subnet", "container")
    unmarked = [
        f"{owner.__name__}.{name}"
        for owner, name, shape in places(ImageTemplate)
        if any(word in name.lower() for word in telling) and not shape.mark(ArmId) and not shape.mark(Url)
    ]

    forgotten = [name for name in unmarked if name.split(".")[1] not in harmless]
    assert forgotten == [], "mark it with ArmId or Url, so that KILN_REACH holds for it, or list it as harmless"


def test_every_url_is_either_written_at_or_read_as_anybody_could_read_it() -> None:
    for owner, name, shape in places(ImageTemplate):
        mark = shape.mark(Url)
        if mark is not None:
            assert mark.written is ("data" not in mark.schemes), f"{owner.__name__}.{name}"


def test_triggers_name_no_resources() -> None:
    """If one does some day, it has to be held against the reach as templates are."""
    assert [name for _, name, shape in places(Trigger) if is_reach(shape)] == []


def test_rules_hold_for_templates_in_their_scope_alone() -> None:
    for scope in ("/", f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/TEAM"):
        assert reach(GROUP, templates=scope).has_id(TEMPLATE, f"{COMPUTE}/images/w")
    for scope in ("/subscriptions/other", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tea"):
        assert not reach(GROUP, templates=scope).has_id(TEMPLATE, f"{COMPUTE}/images/w")
    named_so = TEMPLATE.arm.replace("web", "we*")
    assert reach(GROUP, templates=named_so).has_id(TEMPLATE, f"{COMPUTE}/images/w")


def test_rules_add_up_and_all_of_azure_is_one_slash() -> None:
    text = json.dumps(
        [{"templates": "/", "resources": [COMPUTE]}, {"templates": TEMPLATE.arm, "resources": ["/", VHDS]}]
    )

    assert paths(FULL, Reach.read(text)) == []
    assert paths(FULL, reach("/")) == ["properties.distribute[2].uri"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "not set"),
        ("", "not set"),
        ("  ", "not set"),
        ("{", "not valid"),
        ("{}", "not valid"),
        ('["/"]', "not valid"),
        ('[{"templates": "/"}]', "0.resources"),
        ('[{"templates": "/", "resources": "/"}]', "0.resources"),
        ('[{"templates": "*", "resources": []}]', "0.templates"),
        ('[{"templates": "/", "resources": ["rg"]}]', "neither"),
        ('[{"templates": "/", "resources": ["/providers/x"]}]', "neither"),
        ('[{"templates": "/", "resources": ["/subscriptions/s/*"]}]', "neither"),
        ('[{"templates": "/", "resources": ["https://a/c?sig=x"]}]', "neither"),
        ('[{"templates": "/", "resources": ["https:///c"]}]', "neither"),
        ('[{"templates": "/", "resources": ["/"], "more": 1}]', "0.more"),
        ('[{"templates": "/", "resources": ["/"]}, {"templates": "x", "resources": ["/"]}]', "1.templates"),
    ],
)
def test_a_setting_that_cannot_be_understood_reaches_nothing_and_says_why(text: str | None, why: str) -> None:
    read = Reach.read(text)

    assert len(paths(FULL, read)) == len(NAMES) - 1
    assert why in read.closed + read.flaw
    assert SETTING in read.closed


@pytest.mark.parametrize("place", ["templates", "resources"])
def test_what_others_may_name_is_no_part_of_a_refusal(place: str) -> None:
    entry: dict[str, object] = {"templates": "/", "resources": ["/"]}
    theirs = "/providers/team-b/secret-gallery"
    entry[place] = theirs if place == "templates" else [theirs]
    read = Reach.read(json.dumps([entry]))
    assert theirs in read.flaw
    assert theirs not in read.closed


def test_kilns_own_storage_is_out_of_reach_whatever_the_rules_say() -> None:
    own = "https://state.blob.core.windows.net"
    allowed = reach(own, VHDS, never=(own,))

    assert allowed.has_url(TEMPLATE, f"{VHDS}/a.vhd")
    for place in (
        own,
        f"{own}/kiln/templates/a.vhd",
        f"{own.upper().replace('HTTPS', 'https')}/kiln/x",
        f"{own}:443/c",
    ):
        assert not allowed.has_url(TEMPLATE, place)


@pytest.mark.parametrize(
    "trick",
    [
        f"{COMPUTE}/galleries/../images/web",
        f"{COMPUTE}/galleries/%2e%2e/images/web",
        f"{COMPUTE}/galleries/g/images/web%2f..%2f..%2fother",
        f"{COMPUTE}/galleries/g/images/web?x=/y",
        f"{COMPUTE}/galleries/g/images/web#",
        f"{COMPUTE}/galleries/g /images/web",
        f"{COMPUTE}/galleries/g\n/images/web",
        f"{COMPUTE}/galleries/g\\x/images/web",
        COMPUTE.replace("subscriptions", "\u017fubscriptions") + "/galleries/g/images/web",
    ],
)
def test_an_id_with_a_trick_in_it_is_refused_as_no_id_wherever_it_may_lead(trick: str) -> None:
    """No look-up is made for such an id, even where all of Azure is in reach."""
    body = copy.deepcopy(FULL)
    body["properties"]["distribute"][0]["galleryImageId"] = trick

    problems = check_references(parse_template(body))

    assert "properties.distribute[0].galleryImageId" in [problem.path for problem in problems]


@pytest.mark.parametrize(
    "text",
    ["x", "/", "/subscriptions/a", f"{GROUP}/..", GROUP, "https://", "https://a/b", "//a/b", "http://a@b/c", "data:,x"],
)
def test_a_text_is_either_no_name_at_all_or_held_against_the_reach(text: str) -> None:
    """There is no third way at any place: the form or the reach refuses it."""
    for body in bodies():
        for item in named(body):
            tried = _with(body, item.place.path, item.resource, text)
            told = {problem.path for problem in (*check_texts(tried), *outside(tried, TEMPLATE, Reach.read(None)))}
            before = {problem.path for problem in outside(body, TEMPLATE, Reach.read(None))}

            assert len(told) == len(before), item.place.path


def _with(body: dict[str, Any], path: tuple[str | int, ...], key: str, text: str) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    *parents, last = path
    inner: Any = changed
    for part in parents:
        inner = inner[part]
    if key == last:
        inner[text] = inner.pop(key)
    else:
        inner[last] = text
    return changed


def test_overrides_and_patches_are_judged_by_what_comes_of_them() -> None:
    allowed = reach(*NAMES.values())
    other = f"{COMPUTE}/galleries/private/images/base/versions/1.0.0"
    run = apply_overrides(FULL, {"source": {"imageVersionId": other}})
    machine = {"vmProfile": {"userAssignedIdentities": [f"{IDENTITIES}/owner"]}}
    patched = apply_patch(FULL, parse_patch({"properties": machine}))
    added: dict[str, Any] = {"userAssignedIdentities": {f"{IDENTITIES}/reader": None, f"{IDENTITIES}/owner": {}}}
    with_identity = apply_patch(FULL, parse_patch({"identity": added}))

    assert paths(run, allowed) == ["properties.source.imageVersionId"]
    assert paths(apply_overrides(FULL, machine), allowed) == ["properties.vmProfile.userAssignedIdentities[0]"]
    assert paths(patched, allowed) == ["properties.vmProfile.userAssignedIdentities[0]"]
    assert paths(with_identity, allowed) == ["identity.userAssignedIdentities"]


def test_a_message_repeats_ids_but_nothing_that_may_hold_a_secret() -> None:
    body = copy.deepcopy(FULL)
    body["properties"]["distribute"][2]["uri"] = f"{VHDS}/web.vhd?sv=1&sig=secret"

    messages = [problem.message for problem in outside(body, TEMPLATE, Reach.read(None))]

    assert any(f"{COMPUTE}/images/w" in message for message in messages)
    assert not any("secret" in message for message in messages)
