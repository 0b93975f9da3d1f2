from __future__ import annotations

import pytest

from kiln.cloud.allowed import Permission, missing

READ = "Microsoft.Compute/disks/read"


@pytest.mark.parametrize(
    "permission",
    [
        Permission(actions=("*",)),
        Permission(actions=("*/read",)),
        Permission(actions=("microsoft.compute/*",)),
        Permission(actions=("Microsoft.Compute/disks/READ",)),
        Permission(actions=("Microsoft.*/disks/re*d",)),
        Permission(actions=("*",), not_actions=("Microsoft.Compute/disks/write",)),
    ],
    ids=str,
)
def test_wildcards_stand_for_anything_in_any_case(permission: Permission) -> None:
    assert missing([permission], [READ]) == ()


@pytest.mark.parametrize(
    "permission",
    [
        Permission(),
        Permission(actions=("Microsoft.Compute/disks",)),
        Permission(actions=("Microsoft?Compute/disks/read", "Microsoft.Computer/*")),
        Permission(actions=("*",), not_actions=("*/read",)),
        Permission(data_actions=("*",)),
    ],
    ids=str,
)
def test_what_no_pattern_matches_or_one_takes_away_is_missing(permission: Permission) -> None:
    assert missing([permission], [READ]) == (READ,)


def test_what_one_role_leaves_out_another_may_allow() -> None:
    less = Permission(actions=("*",), not_actions=(READ,))

    assert missing([less, Permission(actions=(READ,))], [READ]) == ()


def test_data_actions_are_allowed_by_data_actions_alone() -> None:
    assert missing([Permission(actions=("*",))], [], ["a/read"]) == ("a/read",)
    assert missing([Permission(data_actions=("*",), not_data_actions=("b/*",))], [], ["a/read", "b/x"]) == ("b/x",)


def test_a_need_with_a_wildcard_of_its_own_wants_as_much() -> None:
    need = "Microsoft.Storage/locations/*/read"

    assert missing([Permission(actions=("Microsoft.Storage/*",))], [need]) == ()
    assert missing([Permission(actions=("Microsoft.Storage/locations/usages/read",))], [need]) == (need,)
