from __future__ import annotations

from datetime import timedelta

import pytest

from kiln.errors import ErrorDetail
from kiln.runs.record import (
    Phase,
    PhaseState,
    ProvisioningError,
    ProvisioningState,
    RunOutput,
    RunState,
    RunSubState,
)
from kiln.runs.transitions import (
    SUB_STATES,
    add_output,
    annotate,
    begin,
    end_phase,
    enter_phase,
    finish,
    publish_outputs,
    request_cancel,
    settle,
    stop,
)
from tests.unit.kiln.runs.records import NOW, run_record, template_record

LATER = NOW + timedelta(minutes=1)
BOOM = ErrorDetail(code="CustomizerFailed", message="It ended with exit code 3.")


def test_entering_a_phase_ends_the_one_before() -> None:
    run = enter_phase(enter_phase(run_record(), Phase.PLAN, NOW), Phase.STAGE, LATER)
    assert [(phase.name, phase.state, phase.ended) for phase in run.phases] == [
        (Phase.PLAN, PhaseState.SUCCEEDED, LATER),
        (Phase.STAGE, PhaseState.RUNNING, None),
    ]
    assert run.sub_state is RunSubState.BUILDING


def test_entering_a_phase_again_changes_nothing() -> None:
    run = enter_phase(enter_phase(run_record(), Phase.PLAN, NOW), Phase.STAGE, LATER)
    assert enter_phase(run, Phase.PLAN, LATER) == run


def test_a_note_belongs_to_a_phase_that_is_running() -> None:
    run = enter_phase(enter_phase(run_record(), Phase.PLAN, NOW), Phase.STAGE, LATER)
    assert annotate(run, Phase.STAGE, "network").phases[-1].note == "network"
    assert annotate(run, Phase.PLAN, "late") == run


def test_a_cancel_moves_a_running_run_and_no_other() -> None:
    assert request_cancel(run_record()).state is RunState.CANCELING
    for state in (RunState.CANCELING, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELED):
        assert request_cancel(run_record(state=state)).state is state


def test_a_stop_ends_the_phase_and_not_the_run() -> None:
    run = enter_phase(run_record(), Phase.CUSTOMIZE, NOW)
    failed = stop(run, LATER, BOOM, canceled=False)
    assert (failed.phases[-1].state, failed.state, failed.error) == (PhaseState.FAILED, RunState.RUNNING, BOOM)
    assert stop(run, LATER, BOOM, canceled=True).phases[-1].state is PhaseState.CANCELED


def test_a_phase_says_why_it_failed_and_the_run_goes_on() -> None:
    run = enter_phase(run_record(), Phase.CAPTURE, NOW)
    partly = end_phase(run, Phase.CAPTURE, LATER, PhaseState.PARTIALLY_SUCCEEDED, BOOM)
    assert (partly.state, partly.error) == (RunState.RUNNING, None)
    (captured, distributed) = enter_phase(partly, Phase.DISTRIBUTE, LATER + timedelta(minutes=1)).phases
    assert (captured.state, captured.ended, captured.error) == (PhaseState.PARTIALLY_SUCCEEDED, LATER, BOOM)
    assert (distributed.state, distributed.error) == (PhaseState.RUNNING, None)


def test_a_phase_that_is_over_ends_no_second_time() -> None:
    canceled = stop(enter_phase(run_record(), Phase.CAPTURE, NOW), LATER, BOOM, canceled=True)
    assert end_phase(canceled, Phase.CAPTURE, LATER, PhaseState.FAILED, BOOM) == canceled
    assert canceled.phases[-1].error is None


def test_a_phase_in_which_the_run_stops_has_the_run_s_error() -> None:
    stopped = stop(enter_phase(run_record(), Phase.CUSTOMIZE, NOW), LATER, BOOM, canceled=False)
    assert stopped.phases[-1].error == BOOM


def test_work_that_has_not_heard_of_the_stop_enters_no_phase_any_more() -> None:
    stopped = stop(enter_phase(run_record(), Phase.STAGE, NOW), NOW, BOOM, canceled=True)
    assert enter_phase(stopped, Phase.PROVISION, LATER) == stopped
    cleaning = enter_phase(stopped, Phase.CLEAN_UP, LATER)
    assert [phase.name for phase in cleaning.phases] == [Phase.STAGE, Phase.CLEAN_UP]
    assert enter_phase(cleaning, Phase.PROVISION, LATER) == cleaning


def test_a_run_ends_once() -> None:
    run = enter_phase(run_record(), Phase.CLEAN_UP, NOW)
    over = finish(run, RunState.FAILED, LATER, "broken", BOOM, ("/a/disk",))
    assert (over.state, over.sub_state, over.ended, over.leftovers) == (RunState.FAILED, None, LATER, ("/a/disk",))
    assert over.phases[-1].state is PhaseState.SUCCEEDED
    assert finish(over, RunState.SUCCEEDED, LATER, "", None, ()) == over
    assert enter_phase(over, Phase.PLAN, LATER) == over


def test_an_output_replaces_the_one_of_its_name() -> None:
    first = RunOutput(name="a", kind="VHD")
    second = first.model_copy(update={"artifact_uri": "https://a/b/c.vhd"})
    assert add_output(add_output(run_record(), first), second).outputs == (second,)


def test_an_output_whose_image_is_gone_takes_the_place_of_what_was_said_before() -> None:
    made = RunOutput(name="a", kind="SharedImage", artifact_id="/versions/1.0.0", regions=("westeurope",))
    gone = RunOutput(name="a", kind="SharedImage", error=BOOM)
    assert add_output(add_output(run_record(), made), gone).outputs == (gone,)


def test_a_template_keeps_its_last_good_output_of_each_name() -> None:
    old = RunOutput(name="a", kind="VHD", artifact_uri="https://a/b/old.vhd")
    new = RunOutput(name="b", kind="VHD", artifact_uri="https://a/b/new.vhd")
    broken = RunOutput(name="a", kind="VHD", error=BOOM)
    run = run_record(outputs=(broken, new))
    published = publish_outputs(template_record(outputs={"a": old}, run_id=run.run_id), run)
    assert published.outputs == {"a": old, "b": new}


@pytest.mark.parametrize("latest", [None, "20261122-000000-later000"])
def test_a_run_that_is_not_the_template_s_latest_gives_it_nothing(latest: str | None) -> None:
    made_anew = template_record(run_id=latest)
    late = run_record(outputs=(RunOutput(name="a", kind="VHD", artifact_uri="https://a/b/old.vhd"),))
    assert publish_outputs(made_anew, late) == made_anew


def test_every_phase_has_a_sub_state_of_aibs() -> None:
    assert set(SUB_STATES) == set(Phase)


def test_what_was_kept_on_purpose_is_remembered() -> None:
    assert finish(run_record(), RunState.FAILED, NOW, "broken", BOOM, (), kept=("/a/vm",)).kept == ("/a/vm",)


WRONG = ProvisioningError(code="BadPIRSource", message="There is no such image.")


def test_a_submission_ends_well_or_with_an_error() -> None:
    good = settle(template_record(), 1, LATER, None)
    assert (good.settled, good.provisioning_state, good.provisioning_error) == (1, ProvisioningState.SUCCEEDED, None)
    bad = settle(template_record(), 1, LATER, WRONG)
    assert (bad.settled, bad.provisioning_state, bad.provisioning_error) == (1, ProvisioningState.FAILED, WRONG)


def test_a_submission_ends_once() -> None:
    good = settle(template_record(), 1, LATER, None)
    assert settle(good, 1, LATER, WRONG) == good


def test_the_end_of_a_superseded_submission_leaves_the_newer_one_going() -> None:
    newer = template_record(version=2, provisioning_state=ProvisioningState.UPDATING)
    assert settle(newer, 1, LATER, WRONG) == newer.model_copy(update={"settled": 1})


def test_a_template_that_goes_stays_deleting_when_its_submission_ends() -> None:
    going = template_record(provisioning_state=ProvisioningState.DELETING)
    assert settle(going, 1, LATER, None) == going.model_copy(update={"settled": 1})


def test_a_template_counts_the_runs_that_it_begins() -> None:
    first = begin(template_record(), run_record())
    second = begin(first, run_record(run_id="20261122-022112-00000000"))

    assert [each.beginning and each.beginning.number for each in (first, second)] == [1, 2]
    assert (second.runs, second.run_id) == (2, "20261122-022112-00000000")
