"""Clean-up of a run's resources, among fakes: tier by tier, whatever fails, but for those that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.contracts.base import Progress
from kiln.errors import AzureFailed
from kiln.runs.ledger import LedgerEntry
from tests.flows.kiln.plans import plan, restart, validation
from tests.flows.kiln.world import World, deleted, finish

if TYPE_CHECKING:
    from kiln.contracts.clean_up import DeleteRequest

VALIDATION = [
    LedgerEntry(kind="vm", id="/validation-vm", tier=1, purpose="validation"),
    LedgerEntry(kind="nic", id="/validation-nic", tier=2, purpose="validation"),
]


def world_of(*, customizer: bool = False, validator: bool = False, continue_on_failure: bool = False) -> World:
    """Return a world whose plan keeps machines on the given errors."""
    world = World()
    world.ledger = sorted([*world.ledger, *VALIDATION], key=lambda entry: entry.tier)
    world.answers["make_plan"] = plan(
        validation=validation(continue_on_failure=continue_on_failure),
        keep_on_customizer_error=customizer,
        keep_on_validation_error=validator,
        timeout_minutes=30,
    )
    return world


def test_clean_up_goes_on_after_a_failed_delete_and_names_what_is_left() -> None:
    world = World()

    def delete(request: DeleteRequest) -> None:
        if request.entry.id == "/vm":
            raise AzureFailed("delete /vm", azure_code="Locked", azure_message="a lock")

    world.answers["start_delete"] = delete

    result = world.go()

    assert deleted(result) == ["/vm", "/nic", "/disk"]
    (leftover,) = finish(result)["leftovers"]
    assert leftover.startswith("/vm: ")
    assert "Locked" in leftover


def test_tiers_are_deleted_one_after_the_other() -> None:
    world = World()
    world.slow(start_delete=4)

    deletes = world.go().calls_of("start_delete")

    at = {call.input["entry"]["id"]: call.at for call in deletes}
    assert at["/vm"] < at["/nic"]
    assert at["/nic"] == at["/disk"]


def test_one_kind_in_several_tiers_is_deleted_in_each() -> None:
    world = World()
    world.ledger = [LedgerEntry(kind="disk", id="/first", tier=0), LedgerEntry(kind="disk", id="/second", tier=2)]

    assert deleted(world.go()) == ["/first", "/second"]


def test_a_failed_customizer_keeps_the_build_machine_where_the_template_says_abort() -> None:
    world = world_of(customizer=True)
    world.exit_with(first=1)

    result = world.go()

    report = finish(result)
    assert report["kept"] == ["/vm", "/nic", "/disk"]
    assert deleted(result) == ["/validation-vm", "/validation-nic"]
    assert "/vm, /nic, /disk" in report["message"]
    assert "costs money" in report["message"]


def test_a_restart_that_fails_is_a_customizer_that_fails() -> None:
    world = world_of(customizer=True)
    world.answers["make_plan"] = plan(steps=(restart("again"),), keep_on_customizer_error=True, timeout_minutes=30)
    world.answers["check_restarted"] = Progress(done=False)

    assert finish(world.go())["kept"] == ["/vm", "/nic", "/disk"]


@pytest.mark.parametrize("continue_on_failure", [False, True])
def test_a_failed_validator_keeps_the_validation_machine_where_the_template_says_abort(
    *, continue_on_failure: bool
) -> None:
    world = world_of(validator=True, continue_on_failure=continue_on_failure)
    world.exit_with(look=1)

    result = world.go()

    assert finish(result)["kept"] == ["/validation-vm", "/validation-nic"]
    assert deleted(result) == ["/vm", "/nic", "/disk"]


@pytest.mark.parametrize(("customizer", "validator", "failing"), [(True, False, "look"), (False, True, "first")])
def test_an_error_of_the_other_kind_keeps_nothing(*, customizer: bool, validator: bool, failing: str) -> None:
    world = world_of(customizer=customizer, validator=validator)
    world.exit_with(**{failing: 1})

    result = world.go()

    assert finish(result)["kept"] == []
    assert len(deleted(result)) == 5


def test_azure_s_failures_keep_nothing() -> None:
    world = world_of(customizer=True, validator=True)
    world.answers["start_step"] = AzureFailed("run it", azure_code="Gone", azure_message="no agent")

    assert finish(world.go())["kept"] == []


def test_a_cancel_keeps_nothing() -> None:
    world = world_of(customizer=True, validator=True)
    world.never("check_step")
    world.cancel_at("check_step", nth=2)

    result = world.go()

    assert finish(result)["state"] == "Canceled"
    assert finish(result)["kept"] == []


def test_the_end_of_the_time_keeps_nothing() -> None:
    world = world_of(customizer=True, validator=True)
    world.never("check_step")

    result = world.go()

    assert finish(result)["error"]["code"] == "DeadlineExceeded"
    assert finish(result)["kept"] == []
