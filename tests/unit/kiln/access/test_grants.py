from __future__ import annotations

import json
from typing import Any

import pytest

from kiln.access.claims import Caller
from kiln.access.grants import Rights, read_grants
from kiln.access.roles import APP_ROLES, LEAST, Role
from tests.authority import CLIENT, ME, TENANT

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-a"
TEMPLATES = "providers/Microsoft.VirtualMachineImages/imageTemplates"
WEB = f"{GROUP}/{TEMPLATES}/web-1"
TEAM = "cccccccc-0000-0000-0000-000000000001"


def caller(*roles: str, groups: tuple[str, ...] = (), object_id: str = ME) -> Caller:
    return Caller(object_id, CLIENT, "me", TENANT, frozenset(roles), frozenset(groups))


def grant(scope: str, role: str = "Reader", principal: str = ME) -> dict[str, str]:
    return {"principal": principal, "role": role, "scope": scope}


def rights(*grants: dict[str, str]) -> Rights:
    return Rights(read_grants(json.dumps(grants)))


def reads(scope: str, place: str) -> bool:
    return rights(grant(scope)).covers(caller(), "imageTemplates/read", place)


@pytest.mark.parametrize(
    ("scope", "place", "covered"),
    [
        ("/", WEB, True),
        ("/", "/", True),
        (SUBSCRIPTION, WEB, True),
        (SUBSCRIPTION.upper(), WEB.lower(), True),
        (SUBSCRIPTION, "/", False),
        (SUBSCRIPTION, SUBSCRIPTION.replace("1", "2"), False),
        (SUBSCRIPTION, SUBSCRIPTION + "1", False),
        (GROUP, WEB, True),
        (GROUP, WEB.replace("rg-a", "RG-A"), True),
        (GROUP, WEB.replace("rg-a", "rg-ab"), False),
        (GROUP + "b", WEB, False),
        (GROUP, SUBSCRIPTION, False),
        (WEB, WEB, True),
        (WEB, WEB + "0", False),
        (f"{GROUP}/{TEMPLATES}/web-*", WEB, True),
        (f"{GROUP}/{TEMPLATES}/WEB-*", WEB, True),
        (f"{GROUP}/{TEMPLATES}/web-*", WEB.replace("web-1", "web"), False),
        (f"{GROUP}/{TEMPLATES}/web-*", WEB.replace("web-1", "other"), False),
        (f"{GROUP}/{TEMPLATES}/web-*", WEB.replace("rg-a", "rg-ab"), False),
        (f"{GROUP}/{TEMPLATES}/web-*", GROUP, False),
        ("/", f"{GROUP}/../x", False),
    ],
)
def test_a_grant_covers_its_scope_and_nothing_beside_it(scope: str, place: str, *, covered: bool) -> None:
    assert reads(scope, place) is covered


@pytest.mark.parametrize(
    ("place", "met"),
    [
        ("/", True),
        (SUBSCRIPTION, True),
        (GROUP, True),
        (f"{SUBSCRIPTION}/resourceGroups/rg-ab", False),
        (f"{SUBSCRIPTION}/resourceGroups/rg", False),
        (SUBSCRIPTION.replace("1", "2"), False),
        (WEB, True),
        (WEB.replace("web-1", "db"), False),
    ],
)
def test_a_list_is_for_whoever_may_read_something_in_it(place: str, *, met: bool) -> None:
    narrow = rights(grant(f"{GROUP}/{TEMPLATES}/web-*"))
    assert narrow.meets(caller(), "imageTemplates/read", place) is met


@pytest.mark.parametrize("action", sorted(LEAST))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_has_its_actions_and_those_below_it_alone(role: Role, action: str) -> None:
    may = role >= LEAST[action]
    by_grant = rights(grant("/", role.name.capitalize()))
    assert by_grant.covers(caller(), action, WEB) is may
    (app_role,) = (name for name, known in APP_ROLES.items() if known is role)
    assert Rights().covers(caller(app_role), action, WEB) is may


@pytest.mark.parametrize("name", ["kiln.admin", "Kiln.Owner", "Admin", "*", ""])
def test_other_app_roles_are_none(name: str) -> None:
    assert not any(Rights().meets(caller(name), action, "/") for action in LEAST)


def test_an_action_that_no_role_has_is_nobodys() -> None:
    assert not rights(grant("/", "Admin")).covers(caller("Kiln.Admin"), "imageTemplates/triggers/fire/action", WEB)


def test_a_group_and_everybody_can_be_granted_something() -> None:
    team, all_of_us = rights(grant(GROUP, principal=TEAM.upper())), rights(grant(GROUP, principal="*"))
    assert team.covers(caller(groups=(TEAM,)), "imageTemplates/read", WEB)
    assert not team.covers(caller(), "imageTemplates/read", WEB)
    assert all_of_us.covers(caller(object_id=TEAM), "imageTemplates/read", WEB)
    assert not rights(grant(GROUP)).covers(caller(groups=("*",), object_id=TEAM), "imageTemplates/read", WEB)


def test_nobody_is_everybody_by_a_name() -> None:
    assert not rights(grant(GROUP)).covers(caller(object_id="*"), "imageTemplates/read", WEB)


def test_grants_add_up() -> None:
    both = rights(grant(SUBSCRIPTION), grant(GROUP, "Builder"))
    assert both.covers(caller(), "imageTemplates/write", WEB)
    assert both.covers(caller(), "imageTemplates/read", WEB.replace("rg-a", "rg-b"))
    assert not both.covers(caller(), "imageTemplates/write", WEB.replace("rg-a", "rg-b"))


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "not a list"),
        ('["*"]', r"\[0\]: expected an object"),
        ([grant("/") | {"until": "tomorrow"}], r"\[0\]: expected an object"),
        ([{"principal": "*", "role": "Reader"}], r"\[0\]: expected an object"),
        ([grant("/") | {"scope": ["/"]}], r"\[0\]: expected an object"),
        ([grant("/"), grant("/", principal="me@example.com")], r"\[1\].principal: .* neither an object id"),
        ([grant("/", principal="")], "neither an object id"),
        ([grant("/", "Owner")], "not a role"),
        ([grant("/", "admin")], "not a role"),
        ([grant("")], "not a scope"),
        ([grant("*")], "not a scope"),
        ([grant("//")], "not a scope"),
        ([grant(GROUP + "/")], "not a scope"),
        ([grant(GROUP + "*")], "not a scope"),
        ([grant(f"{SUBSCRIPTION}/resourceGroups")], "not a scope"),
        ([grant(f"{GROUP}/{TEMPLATES}")], "not a scope"),
        ([grant(f"{WEB}/triggers/x")], "not a scope"),
        ([grant(f"{GROUP}/{TEMPLATES}/*")], "not a scope"),
        ([grant(f"{GROUP}/providers/Microsoft.Compute/galleries/x")], "not a scope"),
        ([grant("/providers/Microsoft.Management/managementGroups/x")], "not a scope"),
    ],
)
def test_a_setting_with_one_fault_is_no_setting(setting: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_grants(setting if isinstance(setting, str) else json.dumps(setting))
