"""What is too old is forgotten, in slices, and one thing that cannot be stops no other."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from kiln.ids import RunRef, TemplateId
from kiln.runs.debts import Debt, Debts
from kiln.runs.documents import documents
from kiln.runs.record import LedgerEntry, OperationKind, OperationRecord, RunRecord, RunState, TemplateRecord
from kiln.runs.retention import purge_operations, purge_runs
from kiln.runs.store import Ledgers, Operations, Runs, Templates
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from triggers.orchestrations import Orchestrations
from triggers.purge import purge_histories

pytestmark = pytest.mark.usefixtures("azure_environment")

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=100)
BEFORE = NOW - timedelta(days=90)


def stored(*suffixes: str) -> TemplateRecord:
    """Store a template with old runs that are over, of which the last is its latest."""
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
    return record


def left(template: TemplateRecord) -> list[str]:
    return [run_id[-8:] for run_id in Runs().ids(template.id)]


def test_old_runs_go_with_their_ledgers_and_the_latest_and_one_that_owes_stay() -> None:
    template = stored("00000001", "00000002", "00000003")
    debtor = RunRef(template=template.id, run_id=f"{OLD:%Y%m%d-%H%M%S}-00000002")
    entry = LedgerEntry(kind="vm", id="/vm", tier=1)
    documents().create(Debts.path(debtor), Debt(run=debtor, since=OLD, entries=(entry,)))

    purge_runs(OLD)
    assert left(template) == ["00000001", "00000002", "00000003"], "they ended then, and not before"
    purge_runs(BEFORE)
    purge_runs(BEFORE)

    assert left(template) == ["00000002", "00000003"]
    ledgers = [path[-13:-5] for path in documents().paths(f"ledgers/{template.id.key}/")]
    assert ledgers == ["00000002", "00000003"]


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


@dataclass(frozen=True)
class Instance:
    instance_id: str
    runtime_status: OrchestrationRuntimeStatus
    created_time: datetime

    def __bool__(self) -> bool:
        return True


@dataclass
class Hub:
    """A task hub that lists whatever the times say, a page at a time, as the real one may."""

    instances: dict[str, Instance]
    poisoned: str = ""
    page: int = 2
    purged: list[str] = field(default_factory=list)

    async def get_status_by(self, *_: object) -> list[Instance]:
        return list(self.instances.values())[: self.page]

    async def get_status(self, instance_id: str) -> Instance | None:
        return self.instances.get(instance_id)

    async def purge_instance_history(self, instance_id: str) -> None:
        if instance_id == self.poisoned:
            raise Exception("the table is busy")  # noqa: TRY002  # as the SDK raises it
        self.purged.append(instance_id)
        del self.instances[instance_id]


def hub(*instances: tuple[str, OrchestrationRuntimeStatus, datetime], poisoned: str = "", page: int = 2) -> Hub:
    return Hub({each[0]: Instance(*each) for each in instances}, poisoned=poisoned, page=page)


def test_histories_go_page_by_page_and_never_one_that_is_going_or_young_whatever_the_list_says() -> None:
    done, failed, running = (
        OrchestrationRuntimeStatus.Completed,
        OrchestrationRuntimeStatus.Failed,
        OrchestrationRuntimeStatus.Running,
    )
    there = hub(
        ("a", done, OLD),
        ("b", failed, OLD),
        ("c", done, OLD.replace(tzinfo=None)),
        ("d", running, OLD),
        ("e", done, NOW),
    )

    assert asyncio.run(purge_histories(Orchestrations(there), BEFORE)) == 3

    assert there.purged == ["a", "b", "c"]
    assert set(there.instances) == {"d", "e"}


def test_a_history_that_cannot_be_purged_stops_no_other() -> None:
    done = OrchestrationRuntimeStatus.Completed
    there = hub(("a", done, OLD), ("b", done, OLD), ("c", done, OLD), poisoned="a")

    asyncio.run(purge_histories(Orchestrations(there), BEFORE))

    assert there.purged == ["b", "c"]


def test_an_orchestration_that_was_started_anew_meanwhile_stays() -> None:
    done = OrchestrationRuntimeStatus.Completed
    there = hub(("a", done, OLD))
    there.instances["a"] = Instance("a", OrchestrationRuntimeStatus.Running, NOW)

    assert not asyncio.run(Orchestrations(there).purge("a", BEFORE))

    assert there.purged == []
