from __future__ import annotations

from kiln.runs.new_run import new_run
from kiln.runs.record import RunState, RunSubState
from tests.unit.kiln.runs.records import BODY, NOW, WEB, template_record


def test_a_run_takes_the_template_as_it_is_stored() -> None:
    run = new_run(template_record(version=3), NOW, "3f9c8a1b")
    assert (run.run_id, run.instance_id) == ("20261122-022112-3f9c8a1b", "web-20261122-022112-3f9c8a1b")
    assert (run.template, run.body, run.version, run.requested) == (WEB, BODY, 3, NOW)
    assert (run.state, run.sub_state) == (RunState.RUNNING, RunSubState.QUEUED)
    assert (run.overrides, run.retry_of) == (None, None)


def test_a_run_with_overrides_keeps_them_beside_the_body_that_they_made() -> None:
    changed = {**BODY, "tags": {"why": "nightly"}}
    run = new_run(template_record(), NOW, "3f9c8a1b", overrides={"tags": {"why": "nightly"}}, body=changed)
    assert (run.body, run.overrides) == (changed, {"tags": {"why": "nightly"}})


def test_a_retry_builds_what_the_earlier_run_built() -> None:
    old = {**BODY, "tags": {"as": "it was"}}
    run = new_run(template_record(version=5), NOW, "3f9c8a1b", retry_of="20261121-000000-00000001", body=old, version=2)
    assert (run.body, run.version, run.retry_of) == (old, 2, "20261121-000000-00000001")
