"""Logs of runs are purged with them, and nothing else that is stored beside them."""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.azurite.fault_proxy import FaultProxy
from kiln import blobs
from kiln.cloud.staging import LOGS, VHDS
from kiln.events.outbox import Outboxes
from kiln.ids import RunRef, TemplateId
from kiln.retention.purge import purge_runs
from kiln.retention.run_logs import delete_logs
from kiln.runs.documents import documents
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.reservations import Reservation, Reservations, version_path
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.contract.kiln_api.conftest import GALLERY_IMAGE, SUBSCRIPTION, template_body
from tests.contract.kiln_cloud.deaths import dying_after
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient

    from devkit.azurite import Azurite
    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.staging import StagedStorage

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=100)
BEFORE = NOW - timedelta(days=90)
OWN = ("customization.log", "validation.log", "steps/00-a.log")


@pytest.fixture(autouse=True)
def _own_state(settings: InProcessAzure) -> Iterator[None]:
    with own_clients(settings.environment(f"pl{uuid.uuid4().hex[:12]}")):
        yield


def ran(endpoint: str, *suffixes: str) -> tuple[TemplateRecord, list[str]]:
    """Store a template with old runs that are over, with logs at `endpoint`, and a newer one, its latest."""
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    ids = [f"{OLD:%Y%m%d-%H%M%S}-{suffix}" for suffix in suffixes]
    latest = f"{NOW:%Y%m%d-%H%M%S}-00000009"
    record = TemplateRecord(
        id=name, body=template_body(), created=OLD, changed=OLD, staging_group=f"IT_{name.group}", run_id=latest
    )
    Templates().create(record)
    for run_id in (*ids, latest):
        Runs().create(
            RunRecord(
                run_id=run_id,
                instance_id=f"web-{run_id}",
                template=name,
                body={},
                version=1,
                state=RunState.FAILED,
                requested=OLD,
                ended=NOW if run_id == latest else OLD,
                log_url=f"{endpoint}/{LOGS}/{run_id}/customization.log",
            )
        )
        Ledgers().close(name, run_id)
    return record, [*ids, latest]


def write(container: ContainerClient, *names: str) -> None:
    for name in names:
        container.get_blob_client(name).create_append_blob()


def logs_of(storage: StagedStorage) -> ContainerClient:
    return blobs.account(storage.endpoint).get_container_client(LOGS)


def left(template: TemplateRecord) -> list[str]:
    return list(Runs().ids(template.id))


def test_logs_go_with_their_run_and_images_and_other_runs_logs_stay(storage: StagedStorage) -> None:
    template, (old, latest) = ran(storage.endpoint, "00000001")
    container = logs_of(storage)
    write(container, *(f"{run_id}/{name}" for run_id in (old, latest, f"{old}0") for name in OWN))
    container.get_blob_client(f"{old}/image.vhd").create_page_blob(512)
    container.upload_blob(f"{old}/steps/by-hand.log", b"a copy")
    write(container, f"{old}/steps/deeper/x.log")
    vhds = blobs.account(storage.endpoint).get_container_client(VHDS)
    vhds.get_blob_client(f"{old}/gallery.vhd").create_page_blob(512)

    assert purge_runs(BEFORE) == 1

    assert left(template) == [latest]
    others = {f"{run_id}/{name}" for run_id in (latest, f"{old}0") for name in OWN}
    theirs = {f"{old}/image.vhd", f"{old}/steps/by-hand.log", f"{old}/steps/deeper/x.log"}
    assert set(container.list_blob_names()) == others | theirs
    assert list(vhds.list_blob_names()) == [f"{old}/gallery.vhd"]


def test_a_log_that_cannot_be_deleted_keeps_its_run_and_no_other_and_goes_the_next_time(
    storage: StagedStorage, caplog: pytest.LogCaptureFixture
) -> None:
    template, (bad, good, latest) = ran(storage.endpoint, "00000001", "00000002")
    container = logs_of(storage)
    write(container, *(f"{run_id}/{name}" for run_id in (bad, good) for name in OWN))
    lease = container.get_blob_client(f"{bad}/{OWN[1]}").acquire_lease()

    with caplog.at_level(logging.ERROR, logger="kiln.retention"):
        assert purge_runs(BEFORE) == 1

    assert left(template) == [bad, latest]
    assert bad in caplog.text
    assert good not in caplog.text
    assert [path.rpartition("/")[2] for path in documents().paths("ledgers/")] == [f"{bad}.json", f"{latest}.json"]
    lease.release()
    assert purge_runs(BEFORE) == 1
    assert left(template) == [latest]
    assert list(container.list_blob_names()) == []


def test_an_account_that_does_not_answer_costs_other_templates_nothing(
    storage: StagedStorage, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone, (lost, _) = ran(f"https://127.0.0.1:{closed.getsockname()[1]}/gone", "00000001")
        others = [ran(storage.endpoint, "00000001", "00000002")[0] for _ in range(20)]

        with caplog.at_level(logging.ERROR, logger="kiln.retention"):
            assert purge_runs(BEFORE) == 40

    assert all(len(left(each)) == 1 for each in others)
    assert lost in left(gone)
    assert f"{lost}: StorageUnavailable: The staging storage account gone does not answer" in caplog.text


def test_an_account_that_forbids_keeps_its_runs_until_it_allows(
    storage: StagedStorage, azurite: Azurite, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultProxy(azurite.accounts.origin, azurite.certificates) as proxy:
        account = storage.endpoint.rpartition("/")[2]
        template, (old, latest) = ran(f"{proxy.origin}/{account}", "00000001")
        write(logs_of(storage), f"{old}/{OWN[0]}")
        proxy.faults.replace(
            [{"method": "*", "path": f"/{account}/*", "times": 0, "status": 403, "code": "AuthorizationFailure"}]
        )

        with caplog.at_level(logging.ERROR, logger="kiln.retention"):
            assert purge_runs(BEFORE) == 0
        assert "403" in caplog.text
        assert left(template) == [old, latest]

        proxy.faults.replace([])
        assert purge_runs(BEFORE) == 1
    assert left(template) == [latest]


def test_runs_whose_container_is_gone_or_that_never_had_a_log_are_forgotten(storage: StagedStorage) -> None:
    template, (*_, latest) = ran(storage.endpoint, "00000001", "00000002")
    logs_of(storage).delete_container()
    Runs().update(template.id, left(template)[0], lambda run: run.model_copy(update={"log_url": None}))

    assert purge_runs(BEFORE) == 2
    assert left(template) == [latest]


def test_a_record_with_the_log_of_another_run_deletes_nothing(storage: StagedStorage) -> None:
    template, (old, latest) = ran(storage.endpoint, "00000001")
    url = f"{storage.endpoint}/{LOGS}/{latest}/customization.log"
    write(logs_of(storage), f"{latest}/{OWN[0]}")
    wrong = Runs().require(template.id, old).model_copy(update={"log_url": url})

    with pytest.raises(ValueError, match="not in the run's own folder"):
        delete_logs(wrong)

    assert list(logs_of(storage).list_blob_names()) == [f"{latest}/{OWN[0]}"]


@pytest.mark.parametrize("nth", range(7))
def test_wherever_the_host_dies_the_record_goes_last_and_the_next_round_ends_it(
    storage: StagedStorage, nth: int
) -> None:
    template, (old, latest) = ran(storage.endpoint, "00000001")
    container, run = logs_of(storage), RunRef(template=template.id, run_id=old)
    write(container, *(f"{old}/{name}" for name in OWN))
    reserved = Reservation(template=template.id, run_id=old, output="gallery")
    Reservations().take(version_path(GALLERY_IMAGE, "1.0.0"), reserved)
    Outboxes().add(run, ())

    with dying_after(nth) as asked:
        purge_runs(BEFORE)

    assert len(asked) == nth + 1
    assert left(template) == [old, latest], "nothing is forgotten of which something is left"
    assert purge_runs(BEFORE) == 1
    assert left(template) == [latest]
    assert list(container.list_blob_names()) == []
    assert list(documents().paths("reservations/")) == []
    assert list(documents().paths("outbox/")) == []
    assert len(list(documents().paths("ledgers/"))) == 1


def test_two_who_purge_at_once_purge_all_and_complain_of_nothing(
    storage: StagedStorage, caplog: pytest.LogCaptureFixture
) -> None:
    made = [ran(storage.endpoint, *(f"0000000{number}" for number in range(5))) for _ in range(4)]
    write(logs_of(storage), *(f"{run_id}/{name}" for run_id in made[0][1][:-1] for name in OWN))
    both = [threading.Thread(target=purge_runs, args=(BEFORE,)) for _ in range(2)]

    for each in both:
        each.start()
    for each in both:
        each.join()

    assert all(left(template) == [ids[-1]] for template, ids in made)
    assert list(logs_of(storage).list_blob_names()) == []
    assert [record for record in caplog.records if record.name.startswith("kiln")] == []


def test_a_run_that_changes_while_it_is_purged_stays_for_the_next_round(
    storage: StagedStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, (old, latest) = ran(storage.endpoint, "00000001")
    delete = Runs().path(template.id, old)
    unchanged = type(documents()).delete_unchanged

    def late(self: Any, path: str, etag: str) -> bool:
        if path == delete:
            Runs().update(template.id, old, lambda run: run.model_copy(update={"leftovers": ("/vm: a lock",)}))
        return unchanged(self, path, etag)

    monkeypatch.setattr(type(documents()), "delete_unchanged", late)

    assert purge_runs(BEFORE) == 0
    assert left(template) == [old, latest]
