"""Versions that were replaced long ago are purged with their artifacts and secrets, unless a kept run is of them."""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kiln import blobs
from kiln.cloud.staging import ARTIFACTS, LOGS
from kiln.ids import TemplateId
from kiln.planner import names
from kiln.retention import old_versions
from kiln.retention.old_versions import purge_versions
from kiln.runs.documents import Documents, documents
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.template_secrets import TemplateSecrets
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_cloud.deaths import dying_after
from tests.own_clients import own_clients
from tests.poison import poisoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient

    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.staging import StagedStorage

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
"""A time after everything that a test stores."""
OF_A_RUN, VERSIONS = 2, 5


@pytest.fixture(autouse=True)
def _own_state(settings: InProcessAzure) -> Iterator[None]:
    with own_clients(settings.environment(f"ov{uuid.uuid4().hex[:12]}")):
        yield


def signed(version: int) -> str:
    return f"https://store.example.com/{version}.sh?sig=secret{version}"


def versioned(storage: StagedStorage | None) -> TemplateRecord:
    """Store a template with four replaced versions, each with a signed URL of its own; one has a run."""
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    for version in range(1, VERSIONS + 1):
        step = {"type": "Shell", "name": "a", "scriptUri": signed(version)}
        body = TemplateSecrets().hide(name, template_body(customize=[step]))
        record = TemplateRecord(
            id=name, body=body, version=version, settled=version, created=NOW, changed=NOW, staging_group="IT_x"
        )
        if version < VERSIONS:
            Versions().keep(record)
        if version == OF_A_RUN and storage is not None:
            log = f"{storage.endpoint}/{LOGS}/{version}/customization.log"
            Runs().create(run_of(record, log))
    Templates().create(record)
    return record


def run_of(record: TemplateRecord, log_url: str | None) -> RunRecord:
    run_id = f"{NOW:%Y%m%d-%H%M%S}-{record.version:08}"
    return RunRecord(
        run_id=run_id,
        instance_id=run_id,
        template=record.id,
        body=record.body,
        version=record.version,
        state=RunState.FAILED,
        requested=NOW,
        ended=NOW,
        log_url=log_url,
    )


def artifacts_of(storage: StagedStorage) -> ContainerClient:
    container = blobs.account(storage.endpoint).get_container_client(ARTIFACTS)
    for version in range(1, VERSIONS + 1):
        container.upload_blob(names.artifact_blob(version, "customize", 0), b"echo", overwrite=True)
    return container


def purge(before: datetime = LATER) -> int:
    """Look once in each hour of a day."""
    return sum(purge_versions(NOW + timedelta(hours=hour), before) for hour in range(24))


def left(record: TemplateRecord) -> list[int]:
    return [version for version in range(1, VERSIONS) if Versions().get(record, version) is not None]


def secrets(record: TemplateRecord) -> int:
    return len(list(documents().paths(TemplateSecrets.folder(record.id))))


def test_replaced_versions_go_with_artifacts_and_secrets_and_one_that_a_run_is_of_stays(
    storage: StagedStorage,
) -> None:
    template, container = versioned(storage), artifacts_of(storage)
    container.upload_blob("v1/by-hand.sh", b"a copy")
    container.upload_blob("v11/customize-00", b"another version's")
    container.get_blob_client("v3/customize-07").create_page_blob(512)

    assert purge(NOW - timedelta(days=1)) == 0, "they were replaced just now"
    assert purge() == 6

    assert left(template) == [OF_A_RUN]
    kept = {"v2/customize-00", "v5/customize-00", "v1/by-hand.sh", "v11/customize-00", "v3/customize-07"}
    assert set(container.list_blob_names()) == kept
    assert secrets(template) == 2, "of the run's version, and of the present one"
    assert TemplateSecrets().whole(template.id, template.body["properties"]["customize"][0]["scriptUri"])


def test_one_whose_run_cannot_be_read_or_that_is_leased_keeps_no_other(
    storage: StagedStorage, caplog: pytest.LogCaptureFixture
) -> None:
    container = artifacts_of(storage)
    unreadable, others = versioned(storage), [versioned(storage) for _ in range(8)]

    with poisoned(Runs.path(unreadable.id, "poison")), caplog.at_level(logging.ERROR, logger="kiln.retention"):
        assert purge() == 6 * len(others)

    assert left(unreadable) == [1, 2, 3, 4]
    assert all(left(each) == [OF_A_RUN] for each in others)
    assert unreadable.id.key in caplog.text
    assert purge() == 6

    leased = versioned(storage)
    container = artifacts_of(storage)
    lease = container.get_blob_client("v3/customize-00").acquire_lease()
    purge()
    assert left(leased) == [2, 3, 4]
    lease.release()
    purge()
    assert left(leased) == [OF_A_RUN]


def test_a_template_that_was_never_built_keeps_its_versions() -> None:
    template = versioned(None)

    assert purge() == 0
    assert left(template) == [1, 2, 3, 4]


@pytest.mark.parametrize("nth", range(3))
def test_wherever_the_host_dies_the_next_round_ends_it(storage: StagedStorage, nth: int) -> None:
    template, container = versioned(storage), artifacts_of(storage)

    with dying_after(nth):
        purge()
    artifacts = {int(name.partition("/")[0][1:]) for name in container.list_blob_names()}
    assert artifacts <= {*left(template), VERSIONS}, "no artifact stays without its version"

    purge()
    assert left(template) == [OF_A_RUN]
    assert secrets(template) == 2


def test_two_who_purge_at_once_purge_all_and_complain_of_nothing(
    storage: StagedStorage, caplog: pytest.LogCaptureFixture
) -> None:
    artifacts_of(storage)
    templates = [versioned(storage) for _ in range(3)]
    both = [threading.Thread(target=purge) for _ in range(2)]

    for each in both:
        each.start()
    for each in both:
        each.join()

    assert all((left(each), secrets(each)) == ([OF_A_RUN], 2) for each in templates)
    assert [record for record in caplog.records if record.name.startswith("kiln")] == []


@pytest.mark.parametrize("again", ["whole", "shown"])
def test_a_secret_that_is_sent_again_while_it_is_forgotten_stays(
    storage: StagedStorage, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    template = versioned(storage)
    shown = Versions().require(template, 1).body["properties"]["customize"][0]["scriptUri"]
    step = {"type": "Shell", "name": "a", "scriptUri": signed(1) if again == "whole" else shown}
    path, unchanged = TemplateSecrets.path(template.id, shown), Documents.delete_unchanged

    def late(self: Documents, at: str, etag: str) -> bool:
        if at == path:
            TemplateSecrets().hide(template.id, template_body(customize=[step]))
        return unchanged(self, at, etag)

    monkeypatch.setattr(Documents, "delete_unchanged", late)
    monkeypatch.setattr(old_versions, "HOURS", 1)

    purge_versions(NOW.replace(hour=0), LATER)

    assert TemplateSecrets().whole(template.id, shown).reveal() == signed(1)
