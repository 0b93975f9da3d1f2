"""Permissions that Kiln's identity lacks, by subscription: one that does not answer hides nothing of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ServiceRequestError

from kiln.azure_roles import LOOKUPS
from kiln.cloud.allowed import Permission
from kiln.doctor.findings import Severity
from kiln.doctor.permissions import MOST_GROUPS, MOST_TOLD, judged
from kiln.errors import AzureFailed, AzureNotFound
from tests.app_settings import set_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.doctor.contracts import Found
    from kiln.doctor.findings import Finding

ALL = (Permission(actions=("*",), data_actions=("*",)),)
LESS = (Permission(actions=tuple(LOOKUPS)),)
ONE, TWO = "/subscriptions/one", "/subscriptions/two"
DENIED = AzureFailed(
    "look", azure_code="AuthorizationFailed", azure_message="no right. See sig=c2VjcmV0LXNpZ25hdHVyZQ=="
)


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="http://state", AZURE_CLIENT_ID="me")


def asked(**known: tuple[Permission, ...] | Exception) -> Callable[[str], tuple[Permission, ...]]:
    """Return a question for permissions that each subscription, with all in it, answers so."""

    def ask(scope: str) -> tuple[Permission, ...]:
        answer = known[scope.split("/")[2]] if scope.count("/") == 2 else known.get("group", ALL)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def group(subscription: str, name: object) -> str:
    return f"{subscription}/resourcegroups/{name}"


def only(found: Found) -> Finding:
    (finding,) = found.findings
    return finding


def facts(found: Found) -> list[str]:
    return [fact.text for fact in found.facts]


@pytest.mark.parametrize("denied", [DENIED, AzureNotFound("look", azure_code="SubscriptionNotFound", azure_message="")])
def test_a_subscription_that_refuses_is_told_with_the_role_to_give_there_and_the_others_are_looked_at(
    denied: Exception,
) -> None:
    uses = [(ONE, "lookups"), (group(ONE, "a"), "images"), (TWO, "lookups"), (TWO, "staging")]

    found = judged(uses, asked(one=denied, two=LESS))

    refused, lacking = sorted(found.findings, key=lambda each: each.target)
    assert (refused.target, refused.severity, lacking.target) == (ONE, Severity.ERROR, TWO)
    assert f'az role assignment create --assignee me --role "Kiln lookups <hash>" --scope {ONE} ' in refused.fix
    assert refused.details == ("Kiln lookups at /subscriptions/one", f"Kiln images at {group(ONE, 'a')}")
    assert "c2VjcmV0" not in refused.message
    assert f'--role "Kiln staging <hash>" --scope {TWO}' in lacking.fix
    assert facts(found) == ["Kiln's identity has the permissions for 1 of 4 uses of its roles."]


def test_a_subscription_that_does_not_answer_is_to_be_asked_later_and_is_given_no_role() -> None:
    found = judged([(ONE, "lookups"), (TWO, "lookups")], asked(one=ServiceRequestError("lost"), two=ALL))

    finding = only(found)
    assert finding.target == ONE
    assert "lost" in finding.message
    assert "later" in finding.fix
    assert "az role" not in finding.fix


def test_another_refusal_of_azures_has_the_fix_of_its_own() -> None:
    broken = AzureFailed("look", azure_code="Odd", azure_message="no", hint="Turn it around.")
    assert only(judged([(ONE, "lookups")], asked(one=broken))).fix == "Turn it around."


def test_a_group_that_refuses_is_told_once_with_the_role_that_lets_it_be_asked() -> None:
    uses = [(group(ONE, "a (b)"), role) for role in ("staging", "blobs")]

    finding = only(judged(uses, asked(one=LESS, group=DENIED)))

    assert finding.target == group(ONE, "a (b)")
    assert f'--role "Kiln lookups <hash>" --scope {ONE} ' in finding.fix
    assert len(finding.details) == 2


def test_a_group_that_is_not_there_is_told_once() -> None:
    uses = [(group(ONE, "a"), role) for role in ("staging", "blobs")]
    gone = AzureNotFound("look", azure_code="ResourceGroupNotFound", azure_message="gone")
    assert "Create it" in only(judged(uses, asked(one=LESS, group=gone))).fix


def test_a_scope_with_signs_of_the_shells_is_quoted() -> None:
    finding = only(judged([(group(ONE, "a (b)"), "networks")], asked(one=LESS, group=())))
    assert f"--scope '{group(ONE, 'a (b)')}'" in finding.fix


def test_groups_that_are_too_many_to_be_asked_about_are_told_and_not_counted_as_fine() -> None:
    more = MOST_TOLD + 1
    uses = [(group(ONE, f"g{at:03}"), "images") for at in range(MOST_GROUPS + more)]

    found = judged([*uses, (TWO, "lookups")], asked(one=LESS, two=ALL))

    finding = only(found)
    assert (finding.target, finding.severity) == (ONE, Severity.WARNING)
    assert f"{more} more resource groups were not examined" in finding.message
    assert "'Kiln images'" in finding.fix
    assert finding.details[0] == f"Kiln images at {group(ONE, f'g{MOST_GROUPS:03}')}"
    assert finding.details[MOST_TOLD:] == ("and 1 more",)
    assert facts(found) == [
        f"Kiln's identity has the permissions for {MOST_GROUPS + 1} of {MOST_GROUPS + more + 1} uses of its roles."
    ]


def test_as_many_groups_as_are_asked_about_are_all_told() -> None:
    uses = [(group(ONE, f"g{at:03}"), role) for at in range(MOST_GROUPS) for role in ("images", "networks")]

    found = judged(uses, asked(one=LESS))

    assert found.findings == ()
    assert facts(found) == [
        f"Kiln's identity has the permissions for {2 * MOST_GROUPS} of {2 * MOST_GROUPS} uses of its roles."
    ]


def test_nothing_that_is_fine_is_no_fact() -> None:
    assert judged([], asked()).facts == ()
    assert judged([(ONE, "staging")], asked(one=())).facts == ()
