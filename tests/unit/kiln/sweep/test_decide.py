from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kiln.ids import RunRef, TemplateId
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.tags import run_tags
from kiln.runs.transitions import finish
from kiln.sweep.decide import Unknown, is_due, leftovers
from kiln.sweep.models import GRACE, Leftover, Tagged, TaggedGroup
from kiln.sweep.ownership import own_mark, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=3)
TEMPLATE = TemplateRecord(
    id=TemplateId(subscription="S", group="rg", name="web"),
    body={},
    created=BEGAN,
    changed=BEGAN,
    staging_group="IT_web",
    provisioning_state=ProvisioningState.SUCCEEDED,
)
RUN = new_run(TEMPLATE, BEGAN, "1a2b3c4d")
OVER = finish(RUN, RunState.FAILED, NOW - timedelta(hours=1), "", None, ())
VM = f"/subscriptions/s/resourceGroups/it_WEB/providers/Microsoft.Compute/virtualMachines/kiln-{RUN.run_id}"
GROUP = "/subscriptions/s/resourceGroups/IT_gone"
GONE = TemplateId(subscription="S", group="RG", name="Gone")
OWN_GROUP = "/subscriptions/s/resourceGroups/it_rg_gone_3f9c8a1b"


OWNER = {
    "createdBy": "Kiln",
    "imageTemplateName": "web",
    "imageTemplateResourceGroupName": "rg",
    "kilnInstallation": "kiln-1",
}


def tagged(id_: str, tags: Mapping[str, str] | None = None) -> Tagged:
    """Return a resource with the tags that Kiln gives one of such a name, or with others."""
    parts = id_.split("/providers/")[1].split("/")
    bare = Tagged(id=id_, type="/".join([parts[0], *parts[1::2]]), tags={})
    run = run_of(bare)
    marks = run_tags(RunRef(template=TEMPLATE.id, run_id=run), "kiln-1") if run else {}
    return bare.model_copy(update={"tags": {**OWNER, **marks} if tags is None else dict(tags)})


def found(
    *ids: str,
    run: RunRecord | None = None,
    groups: tuple[TaggedGroup, ...] = (),
    template: TemplateRecord = TEMPLATE,
    seen: Mapping[str, datetime] | None = None,
) -> list[Leftover]:
    return list(leftovers(map(tagged, ids), groups, [template], lambda *_: run, seen or {}, NOW, "kiln-1"))


def test_what_an_ended_run_left_is_a_leftover_since_its_end() -> None:
    (each,) = found(VM, run=OVER)

    assert (each.entry.kind, each.entry.id, each.since) == ("vm", VM, OVER.ended)
    assert each.entry.mark == OWNER | run_tags(RunRef(template=TEMPLATE.id, run_id=RUN.run_id), "kiln-1")
    assert each.run is not None
    assert each.run.run_id == RUN.run_id


@pytest.mark.parametrize(
    "run", [RUN, OVER.model_copy(update={"kept": (VM.upper(),)})], ids=["a run that is going", "kept on purpose"]
)
def test_what_somebody_stands_behind_is_none(run: RunRecord) -> None:
    assert found(VM, run=run) == []


@pytest.mark.parametrize("order", [1, -1])
def test_what_a_run_uses_is_none_though_another_template_names_the_same_group(order: int) -> None:
    other = TEMPLATE.model_copy(
        update={"id": TEMPLATE.id.model_copy(update={"name": "other"}), "staging_group": "it_WEB"}
    )

    def find_run(record: TemplateRecord, run_id: str) -> RunRecord | None:
        return RUN if (record.id, run_id) == (TEMPLATE.id, RUN.run_id) else None

    owners = [TEMPLATE, other][::order]
    assert list(leftovers([tagged(VM)], (), owners, find_run, {}, NOW, "kiln-1")) == []


def test_what_a_template_stands_on_is_none_nor_anything_of_one_that_is_being_deleted() -> None:
    network = VM.replace("Compute/virtualMachines", "Network/virtualNetworks").replace(
        f"kiln-{RUN.run_id}", "kiln-vnet"
    )
    leaving = TEMPLATE.model_copy(update={"provisioning_state": ProvisioningState.DELETING})

    assert found(network) == []
    assert found(VM, run=OVER, template=leaving) == []


def test_of_an_unknown_run_the_id_tells_the_age() -> None:
    (each,) = found(VM)

    assert each.since == BEGAN


def test_what_is_in_a_group_that_goes_is_deleted_before_it_for_the_group_may_have_to_stay() -> None:
    group = TaggedGroup(id=OWN_GROUP, own=True, user=GONE.arm, mark={"kilnInstallation": "kiln-1"})

    both = found(f"{OWN_GROUP}/providers/Microsoft.Network/virtualNetworks/kiln-vnet", groups=(group,))

    assert [each.since for each in both] == [NOW, NOW]
    assert [each.entry.kind for each in sorted(both, key=lambda each: each.entry.tier)] == ["network", "resource-group"]


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("production", GONE.arm),
        ("production", "/subscriptions/s/resourceGroups/production"),
        ("IT_rg_other_3f9c8a1b", GONE.arm),
        ("IT_rg_gone_3f9c8a1b", None),
    ],
)
def test_no_tags_alone_have_a_group_deleted(name: str, user: str | None) -> None:
    group = TaggedGroup(id=f"/subscriptions/s/resourceGroups/{name}", own=True, user=user, mark={})

    assert [each.entry.kind for each in found(groups=(group,))] == ["group-mark"]


def test_in_a_group_of_somebody_else_each_thing_is_and_the_mark_goes_last() -> None:
    group = TaggedGroup(id=GROUP, own=False, user="/template", mark={"usedBy": "/template"})
    network, disk = (
        f"{GROUP}/providers/Microsoft.{kind}"
        for kind in ("Network/virtualNetworks/kiln-vnet", f"Compute/disks/kiln-{RUN.run_id}-os")
    )

    entries = [each.entry for each in found(network, disk, groups=(group,), seen={network.lower(): BEGAN})]

    assert [entry.kind for entry in sorted(entries, key=lambda entry: entry.tier)] == ["disk", "network", "group-mark"]


@pytest.mark.parametrize(
    "name",
    [
        "Microsoft.Compute/disks/data",
        "Microsoft.Compute/disks/kilnbackup-of-mine",
        f"Microsoft.Compute/disks/kiln-{RUN.run_id}-mine",
        f"Microsoft.Compute/virtualMachines/my-kiln-{RUN.run_id}",
        "Microsoft.Network/virtualNetworks/kiln-vnet-2",
        "Microsoft.Storage/storageAccounts/kilnmine",
        "Microsoft.Web/sites/kiln-site",
    ],
)
def test_names_and_types_that_kiln_does_not_give_are_none_whatever_their_tags(name: str) -> None:
    assert found(f"{GROUP}/providers/{name}") == []


def test_a_validation_gallery_is_told_by_its_own_name_with_all_that_is_in_it() -> None:
    gallery = VM.replace("virtualMachines/kiln-", "galleries/kiln_").replace("-", "_")
    version = f"{gallery}/images/image/versions/1.0.0"

    assert [each.entry.kind for each in found(gallery, version, run=OVER)] == ["gallery", "gallery-version"]
    assert found(gallery, version, run=RUN) == []


@pytest.mark.parametrize(
    "tags",
    [
        {"kilnInstallation": "kiln-1"},
        {**OWNER, "kilnInstallation": "another"},
        OWNER,
        {**OWNER, "kilnRun": RUN.run_id, "kilnMark": "x"},
    ],
    ids=["one that was copied", "another Kiln's", "without the run's", "with another run's mark"],
)
def test_what_has_not_all_tags_that_kiln_gives_is_none_whatever_its_name(tags: dict[str, str]) -> None:
    assert list(leftovers([tagged(VM, tags)], (), [], lambda *_: None, {}, BEGAN, "kiln-1")) == []
    assert len(list(leftovers([tagged(VM)], (), [], lambda *_: None, {}, BEGAN, "kiln-1"))) == 1


@pytest.mark.parametrize(
    ("path", "run"),
    [
        ("Network/networkInterfaces/kiln-20261122-022112-0a1b2c3d-nic", "20261122-022112-0a1b2c3d"),
        ("Compute/galleries/kiln_20261122_022112_0a1b2c3d/images/image", "20261122-022112-0a1b2c3d"),
        ("Compute/virtualMachines/kiln-validate-20261122-022112-0a1b2c3d", "20261122-022112-0a1b2c3d"),
        ("Compute/snapshots/kiln-20261122-022112-0a1b2c3d-00-copy", "20261122-022112-0a1b2c3d"),
        ("Storage/storageAccounts/kiln0123456789abcdef0123", None),
    ],
)
def test_a_run_is_told_by_a_name(path: str, run: str | None) -> None:
    named = tagged(f"{GROUP}/providers/Microsoft.{path}")

    assert run_of(named) == run
    assert own_mark(named, "kiln-1") == named.tags


def test_leftovers_are_due_after_the_grace_and_those_of_a_ledger_at_once() -> None:
    (each,) = found(VM, run=OVER)

    assert is_due(each, OVER.ended + GRACE if OVER.ended else NOW)
    assert not is_due(each, NOW - timedelta(hours=1) + GRACE - timedelta(seconds=1))
    assert is_due(each.model_copy(update={"from_ledger": True}), NOW - timedelta(hours=1))


def test_one_of_a_thousand_runs_that_cannot_be_read_keeps_what_it_made_and_the_others_go() -> None:
    ids = [f"{VM.rsplit('/', 1)[0]}/kiln-20261122-0900{n % 60:02}-{n:08x}" for n in range(1000)]

    def find_run(_: TemplateRecord, run_id: str) -> RunRecord | None:
        if run_id.endswith(f"-{500:08x}"):
            raise Unknown
        return OVER

    made = list(leftovers(map(tagged, ids), (), [TEMPLATE], find_run, {}, NOW, "kiln-1"))

    assert len(made) == 999
    assert ids[500] not in {each.entry.id for each in made}


def test_a_resource_of_no_group_with_kilns_tag_is_passed_over() -> None:
    odd = Tagged(id="/subscriptions/s/providers/Contoso.Odd/things/kiln-x", type="Contoso.Odd/things", tags=OWNER)

    assert [
        each.entry.id for each in leftovers([odd, tagged(VM)], (), [TEMPLATE], lambda *_: OVER, {}, NOW, "kiln-1")
    ] == [VM]
