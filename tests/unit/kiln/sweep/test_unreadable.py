from __future__ import annotations

from datetime import UTC, datetime

from kiln.ids import TemplateId
from kiln.runs.record import TemplateRecord
from kiln.sweep.models import Tagged, TaggedGroup
from kiln.sweep.unreadable import without_unreadable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
READ = TemplateRecord(
    id=TemplateId(subscription="S", group="rg", name="web"), body={}, created=NOW, changed=NOW, staging_group="IT_web"
)
HIDDEN = TemplateId(subscription="S", group="rg", name="Hidden")
GONE = TemplateId(subscription="S", group="rg", name="gone")


def vm(group: str, subscription: str = "s") -> Tagged:
    id_ = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/kiln-x"
    return Tagged(id=id_, type="Microsoft.Compute/virtualMachines", tags={})


def group(name: str, user: str | None, subscription: str = "s") -> TaggedGroup:
    return TaggedGroup(id=f"/subscriptions/{subscription}/resourceGroups/{name}", own=True, user=user, mark={"m": "m"})


def test_with_nothing_hidden_all_is_looked_at() -> None:
    resources, groups = [vm("any")], [group("any", None)]

    assert without_unreadable(resources, groups, [], ()) == (resources, groups)


def test_what_may_be_a_hidden_templates_is_left_and_what_is_surely_not_is_looked_at() -> None:
    sure = [vm("it_WEB"), vm("IT_gone"), vm("anything", subscription="another")]
    groups = [group("IT_gone", GONE.arm), group("IT_another", None, subscription="another")]
    maybe = [vm("IT_hidden"), vm("untagged"), vm("oddly")]
    others = [group("IT_hidden", HIDDEN.arm), group("untagged", None), group("oddly", "no id")]

    kept = without_unreadable([*maybe, *sure], [*others, *groups], [READ], {HIDDEN.key})

    assert kept == (sure, groups)


def test_a_group_that_a_template_names_and_a_hidden_one_has_is_left() -> None:
    assert without_unreadable([vm("IT_web")], [group("IT_web", HIDDEN.arm)], [READ], {HIDDEN.key}) == ([], [])
