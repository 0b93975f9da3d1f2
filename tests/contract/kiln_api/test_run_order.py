"""A template's runs are listed in the order of their beginnings, newest first, whatever their ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from kiln.ids import TemplateId
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.begin import Begun, begin_run
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.recent import readable_runs
from kiln.runs.record import RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin, finish, settle
from kiln.runs.versions import Versions
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Api
from triggers.paging import PAGE_SIZE

if TYPE_CHECKING:
    from kiln.runs.record import RunRecord

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
"""The time at which a trigger asked for a run that had to wait for others to end."""


@pytest.fixture
def template() -> TemplateRecord:
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    submission = Submission(template=name, body=lambda _: template_body(), at=NOW, suffix="3f9c8a1b")
    made = submit(Templates(), Versions(), submission).record
    record = Templates().update(name, lambda known: settle(known, made.version, NOW, None))
    assert record is not None
    return record


def ran(template: TemplateRecord, asked: datetime, suffix: str) -> str:
    """Let the template have a run, and let that end; return its id."""
    begun = begin_run(template.id, run_id(asked, suffix), lambda record: new_run(record, asked, suffix))
    assert isinstance(begun, Begun)
    Runs().update(
        template.id,
        begun.run.run_id,
        lambda run: finish(run, RunState.SUCCEEDED, NOW, message="", error=None, leftovers=()),
    )
    return begun.run.run_id


def beginning(template: TemplateRecord, asked: datetime, suffix: str) -> str:
    """Let the template begin a run whose own document is not written yet; return its id."""
    run = new_run(template, asked, suffix)
    assert Templates().take_run(Templates().require_stored(template.id), run) is not None
    return run.run_id


def listed(template: TemplateRecord) -> list[str]:
    """Return the ids of the runs on all pages."""
    path, query, ids = f"{template.id.arm}/runs", dict[str, str](), list[str]()
    while True:
        page = Api()("GET", path, query=query).body
        ids += [run["name"] for run in page["value"]]
        if "nextLink" not in page:
            return ids
        query = {"$skiptoken": parse_qs(urlsplit(page["nextLink"]).query)["$skiptoken"][0]}


def test_runs_of_one_second_and_of_an_older_cause_are_listed_as_they_began(template: TemplateRecord) -> None:
    oldest_first = [
        ran(template, NOW, "ffffffff"),
        ran(template, NOW, "00000000"),
        ran(template, NOW, "7fffffff"),
        ran(template, EARLIER, "00000001"),
        beginning(template, NOW, "00000002"),
    ]

    assert listed(template) == oldest_first[::-1]
    assert Runs().ids(template.id) == oldest_first[:-1]
    assert [run.run_id for run in readable_runs(Templates().require(template.id))] == oldest_first[::-1]


def test_the_first_in_the_list_is_the_one_that_the_template_shows(template: TemplateRecord) -> None:
    ran(template, NOW, "ffffffff")
    last = ran(template, EARLIER, "00000000")

    shown = Api()("GET", template.id.arm).body["properties"]["lastRunStatus"]["startTime"]

    assert listed(template)[0] == last
    assert Api()("GET", f"{template.id.arm}/runs/{last}").body["properties"]["startTime"] == shown


def test_the_order_holds_over_pages(template: TemplateRecord) -> None:
    oldest_first: list[RunRecord] = []
    for number in range(PAGE_SIZE + 3):
        template = begin(template, new_run(template, NOW, uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex[:8]))
        assert template.beginning is not None
        oldest_first.append(template.beginning)
        Runs().create(template.beginning)

    assert listed(template) == [run.run_id for run in oldest_first[::-1]]


def test_runs_from_before_they_were_counted_are_the_oldest_by_their_ids(template: TemplateRecord) -> None:
    uncounted = [new_run(template, EARLIER, "ffffffff"), new_run(template, NOW, "00000000")]
    for run in uncounted:
        Runs().create(run)
    counted = ran(template, EARLIER, "00000000")

    assert listed(template) == [counted, uncounted[1].run_id, uncounted[0].run_id]
