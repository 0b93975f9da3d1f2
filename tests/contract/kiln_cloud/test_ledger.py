from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from kiln import blobs
from kiln.config import config
from kiln.errors import PreconditionFailed, RunCanceled
from kiln.ids import TemplateId
from kiln.runs.documents import Documents
from kiln.runs.ledger import Ledger, LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import RunRecord
from kiln.runs.runs import Runs

TEMPLATE = TemplateId(subscription="s", group="g", name="n")


@pytest.fixture
def store() -> Documents:
    """A store with the record of the run whose ledger it is."""
    found = Documents(blobs.account(config().state_endpoint).get_container_client(f"kiln-{uuid.uuid4().hex[:8]}"))
    asked = datetime.now(UTC)
    Runs(found).create(
        RunRecord(run_id="run", instance_id="run", template=TEMPLATE, body={}, version=1, requested=asked)
    )
    return found


def entry(name: str) -> LedgerEntry:
    return LedgerEntry(kind="vm", id=f"/{name}", tier=1)


def test_the_same_resource_is_recorded_once(store: Documents) -> None:
    ledgers = Ledgers(store)
    ledgers.record(TEMPLATE, "run", entry("vm"))
    ledgers.record(TEMPLATE, "run", entry("VM"), entry("other"))

    assert [item.id for item in ledgers.close(TEMPLATE, "run").entries] == ["/vm", "/other"]


def test_writers_at_the_same_time_lose_nothing(store: Documents) -> None:
    ledgers = Ledgers(store)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledgers.record(TEMPLATE, "run", entry(str(number))), range(8)))

    assert {item.id for item in ledgers.close(TEMPLATE, "run").entries} == {f"/{number}" for number in range(8)}


def test_nothing_can_be_made_once_clean_up_has_begun(store: Documents) -> None:
    ledgers = Ledgers(store)
    ledgers.close(TEMPLATE, "run")

    with pytest.raises(RunCanceled):
        ledgers.record(TEMPLATE, "run", entry("late"))
    with pytest.raises(RunCanceled):
        ledgers.keep(TEMPLATE, "run", "/late")
    assert ledgers.is_closed(TEMPLATE, "run")


def test_a_finished_result_is_kept(store: Documents) -> None:
    ledgers = Ledgers(store)
    ledgers.record(TEMPLATE, "run", entry("image"), entry("vm"))
    ledgers.keep(TEMPLATE, "run", "/IMAGE")

    assert {item.id: item.keep for item in ledgers.close(TEMPLATE, "run").entries} == {"/image": True, "/vm": False}


def test_a_result_that_is_kept_already_stays_so_when_it_is_said_again_after_clean_up_began(store: Documents) -> None:
    ledgers = Ledgers(store)
    ledgers.record(TEMPLATE, "run", entry("image"), entry("vm"))
    ledgers.keep(TEMPLATE, "run", "/image")  # and here the host dies, before the run's record names the image
    ledgers.close(TEMPLATE, "run")

    ledgers.keep(TEMPLATE, "run", "/IMAGE")
    with pytest.raises(RunCanceled):
        ledgers.keep(TEMPLATE, "run", "/vm")


def test_a_document_is_replaced_only_by_who_read_it_last(store: Documents) -> None:
    etag = store.create("ledger.json", Ledger(run_id="one"))
    store.replace("ledger.json", Ledger(run_id="two"), etag)

    with pytest.raises(PreconditionFailed):
        store.replace("ledger.json", Ledger(run_id="three"), etag)
    with pytest.raises(PreconditionFailed):
        store.create("ledger.json", Ledger(run_id="four"))


def test_what_is_written_again_since_the_answer_was_lost_counts_as_written(store: Documents) -> None:
    first = store.create("ledger.json", Ledger(run_id="one"))
    assert store.create("ledger.json", Ledger(run_id="one")) == first

    second = store.replace("ledger.json", Ledger(run_id="two"), first)
    assert store.replace("ledger.json", Ledger(run_id="two"), first) == second
