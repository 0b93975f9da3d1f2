"""Two templates that name one staging group: one has it, from its submission on, in its runs, until it is deleted."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from activities import stage, submission, templates
from kiln.cloud import groups, tagging
from kiln.contracts.staging import GroupRequest
from kiln.contracts.templates import TemplateRequest
from kiln.errors import BuildError, TemplateRefused, provisioning_code
from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.runs.documents import documents
from kiln.runs.group_claims import GroupClaim, GroupClaims
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import body_with, done
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from kiln.planner.staging import StagingSpec

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def new_name() -> str:
    return f"rg-claimed-{uuid.uuid4().hex[:8]}"


def stored(group: str, *, given: bool = True) -> TemplateRecord:
    """Store a new template in that group, as its PUT does."""
    body = body_with()
    if given:
        body["properties"]["stagingResourceGroup"] = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
    name = f"t-{uuid.uuid4().hex[:10]}"
    record = TemplateRecord(
        id=TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=name),
        body=body,
        created=NOW,
        changed=NOW,
        staging_group=group,
        staging_given=given,
    )
    Templates().create(record)
    return record


def submit(record: TemplateRecord) -> StagingSpec:
    """Run the template's submission as far as its group."""
    owner = SubmissionRef(template=record.id, made=record.created, version=1)
    staging = submission.check_template(owner)
    stage.create_group(GroupRequest(owner=owner, group=staging.group))
    return staging


def delete(record: TemplateRecord) -> None:
    """Delete the template by the activities of its deletion."""
    Templates().update(
        record.id, lambda known: known.model_copy(update={"provisioning_state": ProvisioningState.DELETING})
    )
    request = TemplateRequest(template=record.id, made=record.created)
    assert templates.list_staged(request).entries == ()
    done(templates.start_delete_group(request))
    templates.forget_template(request)


def run_of(record: TemplateRecord) -> RunRef:
    """A run of the template that is under way."""
    run = new_run(record, NOW, "00000000")
    Runs().create(run)
    return RunRef(template=record.id, run_id=run.run_id)


def refusal(record: TemplateRecord) -> str:
    """Return why the template's submission fails; the code is AIB's for a staging group."""
    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(SubmissionRef(template=record.id, made=record.created, version=1))
    assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"
    return caught.value.detail.message


def test_of_two_submissions_at_once_one_has_the_group_and_the_other_is_told_whose_it_is() -> None:
    group = new_name()
    pair, together = [stored(group), stored(group.upper())], Barrier(2)

    def at_once(record: TemplateRecord) -> str | None:
        together.wait()
        try:
            submit(record)
        except TemplateRefused as error:
            return error.detail.message
        return None

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(at_once, pair))

    assert told.count(None) == 1
    winner, loser = (pair[0], pair[1]) if told[0] is None else (pair[1], pair[0])
    assert f"is in use by {winner.id.arm}" in refusal(loser)


def test_deleting_the_one_that_has_it_not_leaves_the_others_group_and_deleting_the_other_frees_it() -> None:
    group = new_name()
    winner, loser, next_one = stored(group), stored(group), stored(group)
    submit(winner)
    assert winner.id.arm in refusal(loser)

    delete(loser)
    found = groups.find(SUBSCRIPTION, group)
    assert found is not None
    assert (found.tags or {})["usedBy"] == winner.id.arm
    delete(winner)

    assert groups.find(SUBSCRIPTION, group) is None
    submit(next_one)
    assert GroupClaims().take(winner) == next_one.id


def test_a_group_of_kilns_own_cannot_be_named_by_another_before_it_is_made() -> None:
    own = stored(new_name(), given=False)
    submission.check_template(SubmissionRef(template=own.id, made=own.created, version=1))

    assert own.id.arm in refusal(stored(own.staging_group))


def test_a_run_whose_template_has_not_the_group_makes_nothing_in_it() -> None:
    group = new_name()
    loser = stored(group)
    staging = submission.check_template(SubmissionRef(template=loser.id, made=loser.created, version=1))
    GroupClaims().release(loser)
    winner = stored(group)
    submit(winner)

    run = run_of(loser)
    with pytest.raises(BuildError, match="is in use by") as caught:
        stage.create_group(GroupRequest(owner=run, group=staging.group))
    assert winner.id.arm in caught.value.detail.message


def test_a_group_that_somebody_else_marked_meanwhile_is_left_alone_by_the_next_run_and_the_deletion() -> None:
    group = new_name()
    record = stored(group)
    staging = submit(record)
    theirs = {"usedBy": record.id.arm, "kilnInstallation": "another-kiln", "createdBy": "Kiln"}
    tagging.put_on(SUBSCRIPTION, group, theirs)

    run = run_of(record)
    with pytest.raises(BuildError, match="of another Kiln"):
        stage.create_group(GroupRequest(owner=run, group=staging.group))
    delete(record)

    found = groups.find(SUBSCRIPTION, group)
    assert found is not None
    assert found.tags == theirs
    assert Templates().get(record.id) is None


@pytest.mark.parametrize("left", ["its template is gone", "its template was made anew", "its template is in another"])
def test_a_claim_that_nobody_stands_behind_is_the_next_ones(left: str) -> None:
    group = new_name()
    gone = stored(group)
    assert GroupClaims().take(gone) is None
    match left:
        case "its template is gone":
            documents().delete(Templates.path(gone.id))
        case "its template was made anew":
            Templates().update(gone.id, lambda known: known.model_copy(update={"created": NOW + timedelta(hours=1)}))
        case _:
            Templates().update(gone.id, lambda known: known.model_copy(update={"staging_group": "rg-elsewhere"}))
    after = stored(group)

    assert GroupClaims().take(after) is None
    GroupClaims().release(gone)  # late, the deletion that died is finished

    claim = documents().get(GroupClaims.path(SUBSCRIPTION, group), GroupClaim)
    assert claim is not None
    assert claim.content.template == after.id


def test_a_template_made_anew_under_its_name_has_the_group_that_it_names() -> None:
    group = new_name()
    first = stored(group)
    submit(first)
    delete(first)
    again = first.model_copy(update={"created": NOW + timedelta(minutes=1)})
    Templates().create(again)

    submit(again)

    assert groups.find(SUBSCRIPTION, group) is not None
    assert GroupClaims().take(again) is None


def test_a_deletion_that_comes_twice_leaves_what_was_made_since() -> None:
    group = new_name()
    first = stored(group)
    submit(first)
    delete(first)
    second = stored(group)
    submit(second)
    Templates().create(first.model_copy(update={"provisioning_state": ProvisioningState.DELETING}))

    assert templates.start_delete_group(TemplateRequest(template=first.id, made=first.created)).url is None

    assert groups.find(SUBSCRIPTION, group) is not None


def test_the_same_group_of_another_subscription_is_another() -> None:
    name = new_name()
    record = stored(name)
    elsewhere = record.id.model_copy(update={"subscription": "00000000-0000-0000-0000-00000000000f"})
    assert GroupClaims().take(record) is None

    assert GroupClaims().take(record.model_copy(update={"id": elsewhere})) is None


def test_a_group_of_a_third_is_refused_though_it_was_claimed() -> None:
    group = new_name()
    arm.group(group, tags={"usedBy": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Other/x"})
    record = stored(group)

    assert "Microsoft.Other/x" in refusal(record)
