from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kiln.ids import RunRef, TemplateId
from kiln.planner import names
from kiln.planner.facts import DefinitionFacts, Facts
from kiln.planner.make_plan import gallery_image_ids, make_plan
from kiln.planner.plan import GalleryTarget, Plan, VhdTarget
from kiln.planner.preview import preview_plan
from kiln.template.parse import parse_template
from tests.golden import assert_golden

EXAMPLE = Path(__file__).parents[4] / "examples" / "hello-linux.json"
TEMPLATE_ID = TemplateId(subscription="00000000-0000-0000-0000-000000000001", group="rg-images", name="hello-linux")
RUN = RunRef(template=TEMPLATE_ID, run_id="20261122-022112-3f9c8a1b")


def example() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(EXAMPLE.read_text())
    return body


def plan_of(body: dict[str, Any], *, location: str = "westeurope", versions: tuple[str, ...] = ()) -> Plan:
    template = parse_template(body)
    facts = Facts(
        source_version="0.20261101.1",
        definitions={id_: DefinitionFacts(location=location, versions=versions) for id_ in gallery_image_ids(template)},
    )
    return make_plan(template, run=RUN, staging_group="IT_rg-images_hello-linux_0a1b2c3d", facts=facts)


def gallery_of(plan: Plan) -> GalleryTarget:
    return next(target for target in plan.targets if isinstance(target, GalleryTarget))


def test_the_example_has_the_plan_that_was_reviewed() -> None:
    assert_golden("plans/hello-linux.json", plan_of(example()).model_dump_json(indent=2) + "\n")


def test_equal_arguments_give_an_equal_plan() -> None:
    assert plan_of(example()) == plan_of(copy.deepcopy(example()))


def test_what_lives_as_long_as_the_run_carries_its_id() -> None:
    machine = plan_of(example()).machine

    assert RUN.run_id in machine.name
    assert RUN.run_id in machine.interface
    assert RUN.run_id in machine.disk
    assert machine.tags["kilnRun"] == RUN.run_id


def test_names_fit_azures_limits() -> None:
    plan = plan_of(example())

    assert len(plan.machine.name) <= 64
    assert len(plan.storage.account) == 24
    assert plan.storage.account.isalnum()
    assert plan.storage.account.islower()


def test_no_two_runs_share_a_key_and_nobody_has_its_private_half() -> None:
    first, second = names.unusable_ssh_key("run-1"), names.unusable_ssh_key("run-2")

    assert first.startswith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")
    assert first != second
    assert first == names.unusable_ssh_key("run-1")


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ((), "1.0.0"),
        (("0.1.1", "0.1.2"), "0.1.3"),
        (("1.9.0", "1.10.0", "1.2.7"), "1.10.1"),
        (("2.1.0", "0.1.1", "1.2.0"), "2.1.1"),
    ],
)
def test_an_unnamed_version_is_the_highest_with_its_patch_raised(existing: tuple[str, ...], expected: str) -> None:
    assert gallery_of(plan_of(example(), versions=existing)).version == expected


def test_a_named_version_is_taken_as_it_is() -> None:
    body = example()
    target = next(item for item in body["properties"]["distribute"] if item["type"] == "SharedImage")
    target["galleryImageId"] += "/versions/7.8.9"

    target_plan = gallery_of(plan_of(body, versions=("9.9.9",)))

    assert target_plan.version == "7.8.9"
    assert target_plan.version_id.endswith("/images/hello/versions/7.8.9")


def test_the_home_region_is_among_the_targets_even_if_it_was_not_asked_for() -> None:
    regions = [region.name for region in gallery_of(plan_of(example(), location="East US")).regions]

    assert regions[0] == "eastus"
    assert set(regions) == {"eastus", "westeurope", "northeurope"}


def test_no_plan_holds_a_signed_url() -> None:
    text = plan_of(example()).model_dump_json()

    assert "sig=" not in text
    assert "$KILN_ARTIFACT_URL" in text


def test_a_preview_needs_nothing_of_azure() -> None:
    plan = preview_plan(parse_template(example()), template_id=TEMPLATE_ID)

    assert plan.machine.source.version == "latest"
    assert [type(target) for target in plan.targets] == [GalleryTarget, VhdTarget]
