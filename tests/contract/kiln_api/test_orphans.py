"""Orphans are removed from the store, and one that cannot be removed does not hold up the others."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiln.automation.listeners import Listeners
from kiln.events.outbox import Outboxes
from kiln.ids import RunRef, TemplateId
from kiln.plans import Plans
from kiln.rebuild.dependents import Dependent, Dependents
from kiln.rebuild.source import MarketplaceImage
from kiln.rebuild.source_records import SourceRecord, Sources
from kiln.retention.orphans import remove_orphans
from kiln.runs.documents import Documents, documents
from kiln.runs.group_claims import GroupClaim, GroupClaims
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import RunRecord, RunState, TemplateRecord, TriggerRecord
from kiln.runs.reservations import Reservation, Reservations, version_path
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from kiln.sweep.leftovers import Leftovers, RunLeftovers
from tests.contract.kiln_api.conftest import GALLERY_IMAGE, SUBSCRIPTION, template_body
from tests.own_clients import own_clients
from tests.poison import poisoned
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
OLD, BEFORE = NOW - timedelta(days=100), NOW - timedelta(days=90)
GROUP = "rg-orphans"
HERE, GONE = (TemplateId(subscription=SUBSCRIPTION, group=GROUP, name=name) for name in ("here", "gone"))
MANY = 12
TYPE = "com.example.Something"


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment(f"st{uuid.uuid4().hex[:12]}")):
        record = TemplateRecord(id=HERE, body=template_body(), created=OLD, changed=OLD, staging_group="IT_here")
        Templates().create(record)
        yield


@dataclass
class Kind:
    """Documents of one kind: many orphans, others that are none, and a path for one that cannot be read."""

    folder: str
    poison: str
    make: Callable[[], None]
    lasting: int
    orphans: int = field(default=MANY)


def old(number: int) -> str:
    return f"{OLD:%Y%m%d-%H%M%S}-{number:08}"


def run(number: int, state: RunState, requested: datetime = OLD) -> RunRecord:
    run_id = f"{requested:%Y%m%d-%H%M%S}-{number:08}"
    record = RunRecord(
        run_id=run_id, instance_id=run_id, template=HERE, body={}, version=1, state=state, requested=requested
    )
    Runs().create(record)
    return record


def image(offer: str) -> MarketplaceImage:
    return MarketplaceImage(publisher="Debian", offer=offer, sku="12-gen2", region="westeurope")


def trigger(name: str, *, of: TemplateId = HERE) -> TriggerRecord:
    return Triggers().put(TriggerRecord(template=of, name=name, kind="Event", body={}, created=NOW, changed=NOW))


def claims() -> None:
    for number in range(MANY):
        claim = GroupClaim(template=GONE, created=OLD)
        documents().create(GroupClaims.path(SUBSCRIPTION, f"it_{number}"), claim)
    GroupClaims().take(Templates().require(HERE))
    newer = Templates().require(HERE).model_copy(update={"created": NOW, "staging_group": "IT_x"})
    documents().create(GroupClaims.path(SUBSCRIPTION, "IT_x"), GroupClaim(template=newer.id, created=newer.created))


def reservations() -> None:
    over, going = run(1, RunState.SUCCEEDED), run(2, RunState.RUNNING)
    for number in range(MANY):
        holder = over.run_id if number % 2 else old(99)
        path = version_path(GALLERY_IMAGE, f"1.0.{number}")
        documents().create(path, Reservation(template=HERE, run_id=holder, output="gallery"))
    Reservations().take(
        version_path(GALLERY_IMAGE, "2.0.0"), Reservation(template=HERE, run_id=going.run_id, output="gallery")
    )


def sources() -> None:
    for number in range(MANY):
        Sources().remember(SourceRecord(source=image(f"debian-{number + 20}"), newest="1"))
    Sources().remember(SourceRecord(source=image("debian-12"), newest="1"))


def producers() -> None:
    entry = Dependent(
        template=HERE, trigger="t", source=image("debian-12"), produces=(f"gallery{GALLERY_IMAGE}".lower(),), since=OLD
    )
    Dependents().put(entry)
    young = entry.model_copy(update={"trigger": "young", "since": NOW + timedelta(days=1)})
    for each in (young, *(entry.model_copy(update={"trigger": f"gone{number}"}) for number in range(MANY))):
        Dependents().put(each)
        documents().delete(Dependents.path(each.source.key, HERE, each.trigger))


def listeners() -> None:
    trigger("heard")
    for name in ("heard", *(f"gone{number}" for number in range(MANY))):
        Listeners().add(HERE, name, [TYPE])


def ledgers() -> None:
    for number in range(MANY):
        Ledgers().close(HERE, old(number))
    Ledgers().close(HERE, run(50, RunState.SUCCEEDED).run_id)
    Ledgers().close(HERE, f"{NOW:%Y%m%d-%H%M%S}-00000051")
    Ledgers().close(HERE, old(52))
    left_over = RunRef(template=HERE, run_id=old(52))
    documents().create(Leftovers.path(left_over), RunLeftovers(run=left_over, since=OLD))


def plans() -> None:
    made = samples.plan()
    for number in range(MANY):
        Plans().made_once(RunRef(template=HERE, run_id=old(number)), lambda: made)
    Plans().made_once(RunRef(template=HERE, run_id=run(50, RunState.SUCCEEDED).run_id), lambda: made)


def outboxes() -> None:
    for number in range(MANY):
        Outboxes().add(RunRef(template=HERE, run_id=old(number)), ())
    Outboxes().add(RunRef(template=HERE, run_id=run(50, RunState.SUCCEEDED).run_id), ())


KINDS = (
    Kind("groups/", f"groups/{SUBSCRIPTION}/poison.json", claims, lasting=1, orphans=MANY + 1),
    Kind("reservations/", version_path(GALLERY_IMAGE, "9.9.9"), reservations, lasting=1),
    Kind("sources/", Sources.path(image("poison").key), sources, lasting=1),
    Kind("producers/", f"producers/{'0' * 64}/{HERE.key}/poison.json", producers, lasting=2),
    Kind("listeners/", f"{Listeners.folder(TYPE)}{HERE.key}/poison.json", listeners, lasting=1),
    Kind("ledgers/", f"ledgers/{HERE.key}/{old(98)}.json", ledgers, lasting=3),
    Kind("plans/", f"plans/{HERE.key}/{old(98)}.json", plans, lasting=1),
    Kind("outbox/", f"outbox/{HERE.key}/{old(98)}.json", outboxes, lasting=1),
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.folder)


def look(kind: Kind | None = None) -> int:
    """Look once, or in each hour of a day, as some kinds are looked at once a day."""
    hours = 24 if kind is not None and kind.folder in {"groups/", "sources/"} else 1
    return sum(remove_orphans(NOW + timedelta(hours=hour), BEFORE) for hour in range(hours))


@each_kind
def test_what_stayed_behind_goes_and_the_rest_and_what_cannot_be_read_stay(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    kind.make()
    before = set(documents().paths(""))
    with poisoned(kind.poison):
        if kind.folder == "ledgers/":  # a poisoned document is a ledger
            documents().delete(kind.poison)
            documents().create(kind.poison, RunLeftovers(run=RunRef(template=HERE, run_id="x"), since=OLD))

        removed = look(kind)

        assert kind.poison in documents().paths(kind.folder)
        assert kind.poison in caplog.text
    left = set(documents().paths(""))
    assert removed == kind.orphans == len(before - left)
    assert all(path.startswith(kind.folder) for path in before - left)
    assert len(list(documents().paths(kind.folder))) == kind.lasting


@each_kind
def test_two_who_look_at_once_remove_all_and_complain_of_nothing(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    kind.make()
    both = [threading.Thread(target=look, args=(kind,)) for _ in range(2)]

    for each in both:
        each.start()
    for each in both:
        each.join()

    assert len(list(documents().paths(kind.folder))) == kind.lasting
    assert [record for record in caplog.records if record.name.startswith("kiln")] == []


def test_what_becomes_somebodys_while_it_is_removed_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    Listeners().add(HERE, "late", [TYPE])
    unchanged = Documents.delete_unchanged

    def late(self: Documents, path: str, etag: str) -> bool:
        trigger("late")
        Listeners().add(HERE, "late", [TYPE])  # it exists, so nothing is written
        return unchanged(self, path, etag)

    monkeypatch.setattr(Documents, "delete_unchanged", late)

    assert look() == 0
    assert [listener.trigger for listener in Listeners().of(TYPE)] == ["late"]


def test_while_a_template_cannot_be_read_no_source_is_forgotten() -> None:
    kind = KINDS[2]
    kind.make()

    with poisoned(f"templates/{GONE.key}.json"):
        assert look(kind) == 0

    assert look(kind) == MANY


def test_one_kind_that_cannot_be_listed_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reservations()
    listed = Documents.paths

    def paths(self: Documents, prefix: str) -> Any:
        if prefix == "producers/":
            raise ConnectionError("no list")
        return listed(self, prefix)

    monkeypatch.setattr(Documents, "paths", paths)

    assert look() == MANY
    assert "no list" in caplog.text


def test_runs_are_asked_for_only_where_they_are_forgotten_at_all() -> None:
    ledgers()

    assert remove_orphans(NOW, None) == 0
