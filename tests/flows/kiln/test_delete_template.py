"""Deletion of a template, among fakes: its orchestrations end first, then its staging goes, then its records."""

from __future__ import annotations

from kiln.contracts.base import Progress
from kiln.contracts.clean_up import Deletions
from kiln.errors import AzureFailed
from kiln.runs.ledger import LedgerEntry
from tests.flows.kiln.world import World, checked, deleted

STAGED = Deletions(
    entries=(
        LedgerEntry(kind="network", id="/vnet", tier=0),
        LedgerEntry(kind="storage-account", id="/storage", tier=0),
        LedgerEntry(kind="security-group", id="/nsg", tier=1),
    )
)


def test_a_template_goes_with_its_staging_group() -> None:
    result = checked(World().delete())

    names = [name for name in result.activity_names if name != "check_operation"]
    assert names == ["check_idle", "list_staged", "start_delete_group", "forget_template"]


def test_nothing_is_deleted_while_a_submission_or_a_run_is_going() -> None:
    world = World()
    answers = iter([Progress(done=False)] * 50 + [Progress(done=True)])
    world.answers["check_idle"] = lambda _: next(answers)

    names = checked(world.delete()).activity_names

    assert names.count("check_idle") == 51
    assert names[50:52] == ["check_idle", "list_staged"]


def test_in_a_group_of_the_user_s_own_what_kiln_made_goes_tier_by_tier() -> None:
    world = World()
    world.answers["list_staged"] = STAGED

    result = checked(world.delete())

    assert deleted(result) == ["/vnet", "/storage", "/nsg"]
    at = {call.input["entry"]["id"]: call.at for call in result.calls_of("start_delete")}
    assert at["/vnet"] == at["/storage"] < at["/nsg"]
    assert result.calls_of("forget_template")


def test_a_template_whose_staging_cannot_be_deleted_stays_and_says_what_is_left() -> None:
    world = World()
    world.answers["list_staged"] = STAGED
    world.answers["start_delete"] = AzureFailed("delete it", azure_code="Locked", azure_message="a lock.")

    result = world.delete()

    assert result.status == "Failed"
    assert result.error is not None
    assert "/vnet: " in result.error
    assert not result.calls_of("forget_template")
    (told,) = result.calls_of("fail_deletion")
    assert "/vnet: " in told.input["error"]["message"]
    assert ".." not in told.input["error"]["message"]


def test_a_group_that_cannot_be_deleted_fails_the_deletion_where_its_client_sees_it() -> None:
    world = World()
    world.answers["start_delete_group"] = AzureFailed("delete it", azure_code="Locked", azure_message="a lock.")

    result = world.delete()

    assert result.status == "Failed"
    assert not result.calls_of("forget_template")
    (told,) = result.calls_of("fail_deletion")
    assert "a lock" in told.input["error"]["message"]


def test_the_host_may_die_after_any_step() -> None:
    world = World(crash_every_step=True)
    world.answers["list_staged"] = STAGED

    assert checked(world.delete()).activity_names[-1] == "forget_template"


def test_every_activity_may_run_twice() -> None:
    world = World()
    world.answers["list_staged"] = STAGED
    for name in ("check_idle", "list_staged", "start_delete", "start_delete_group", "forget_template"):
        world.runner.redeliver(name, nth=None)

    checked(world.delete())
