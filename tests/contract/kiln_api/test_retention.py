"""Retention: documents that are too old are purged, in slices, and one that cannot be purged stops no other."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from kiln.ids import RunRef, TemplateId
from kiln.plans import Plans
from kiln.retention.purge import purge_operations, purge_runs
from kiln.runs.documents import documents
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.operations import OperationKind, OperationRecord, Operations
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.sweep.leftovers import Leftovers, RunLeftovers
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body

pytestmark = pytest.mark.usefixtures("azure_environment")

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=100)
BEFORE = NOW - timedelta(days=90)


def stored(*suffixes: str) -> TemplateRecord:
    """Store a template with old runs that are over; the last one is its latest."""
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    ids = [f"{OLD:%Y%m%d-%H%M%S}-{suffix}" for suffix in suffixes]
    record = TemplateRecord(
        id=name, body=template_body(), created=OLD, changed=OLD, staging_group=f"IT_{name.group}", run_id=ids[-1]
    )
    Templates().create(record)
    for run_id in ids:
        Runs().create(
            RunRecord(
                run_id=run_id,
                instance_id=f"web-{run_id}",
                template=name,
                body={},
                version=1,
                state=RunState.FAILED,
                requested=OLD,
                ended=OLD,
            )
        )
        Ledgers().close(name, run_id)
        documents().create(
            Plans.path(RunRef(template=name, run_id=run_id)), LedgerEntry(kind="vm", id="a plan", tier=1)
        )
    return record


def left(template: TemplateRecord) -> list[str]:
    return [run_id[-8:] for run_id in Runs().ids(template.id)]


def test_old_runs_go_with_their_plans_and_ledgers_and_the_latest_and_one_that_owes_stay() -> None:
    template = stored("00000001", "00000002", "00000003")
    left_over = RunRef(template=template.id, run_id=f"{OLD:%Y%m%d-%H%M%S}-00000002")
    entry = LedgerEntry(kind="vm", id="/vm", tier=1)
    documents().create(Leftovers.path(left_over), RunLeftovers(run=left_over, since=OLD, entries=(entry,)))

    purge_runs(OLD)
    assert left(template) == ["00000001", "00000002", "00000003"], "they ended then, and not before"
    purge_runs(BEFORE)
    purge_runs(BEFORE)

    assert left(template) == ["00000002", "00000003"]
    for kind in ("ledgers", "plans"):
        kept = [path[-13:-5] for path in documents().paths(f"{kind}/{template.id.key}/")]
        assert kept == ["00000002", "00000003"]


def test_a_run_that_cannot_be_read_stops_no_other() -> None:
    template = stored("00000001", "00000002", "00000003")
    run_id = f"{OLD:%Y%m%d-%H%M%S}-00000000"
    poisoned = Runs.path(template.id, run_id)
    documents().create(poisoned, LedgerEntry(kind="vm", id="no run", tier=1))

    purge_runs(BEFORE)

    assert left(template) == ["00000000", "00000003"]
    documents().delete(poisoned)


def test_old_operations_go_and_one_that_cannot_be_read_stops_no_other() -> None:
    def operation(started: datetime) -> str:
        name = str(uuid.uuid4())
        place = TemplateId(subscription=SUBSCRIPTION, group="rg", name="web")
        Operations().create(
            OperationRecord(
                id=name, kind=OperationKind.RUN, template=place, location="westeurope", made=started, started=started
            )
        )
        return name

    later = NOW + timedelta(hours=1)
    old, new, poisoned = operation(OLD), operation(later), f"operations/{uuid.uuid4()}.json"
    documents().create(poisoned, LedgerEntry(kind="vm", id="no operation", tier=1))

    purge_operations(later)
    documents().delete(poisoned)

    paths = set(documents().paths("operations/"))
    assert f"operations/{old}.json" not in paths
    assert f"operations/{new}.json" in paths
