from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from activities import capture
from kiln.cloud import exports, removal
from kiln.errors import AzureFailed, AzureNotFound, TargetNotFound, VhdTaken
from kiln.runs.ledger import LedgerEntry
from kiln.runs.tags import mark_in
from tests.contract.kiln_cloud.vhds import new_container, request_for
from tests.waiting import until

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.images import VhdRequest


@pytest.fixture
def container() -> ContainerClient:
    return new_container()


def refuse_taken(request: VhdRequest) -> None:
    exports.refuse_taken(exports.vhd_url(request), request.target.tags)


def grants(azure: InProcessAzure, request: VhdRequest, action: str) -> int:
    calls = httpx.get(f"{azure.http_url}/_local/requests").json()["requests"]
    return sum(call["path"] == f"{request.origin.disk}/{action}" for call in calls)


def test_a_vhd_goes_where_the_template_says(container: ContainerClient) -> None:
    request = request_for(container)

    refuse_taken(request)
    capture.start_export(request)
    until(lambda: exports.export_progress(request).done)

    found = container.get_blob_client("golden.vhd").get_blob_properties()
    assert exports.vhd_url(request) == f"{container.url}/golden.vhd"
    assert found.blob_type == "PageBlob"
    assert found.size % 512 == 0


@pytest.mark.parametrize(
    "uri",
    [
        "https://attacker.example/images/golden.vhd",
        "https://127.0.0.1:1/account/images/golden.vhd",
        "http://{place}/images/golden.vhd",
        "https://{place}@attacker.example/images/golden.vhd",
        "https://attacker.example/{place}/golden.vhd",
    ],
)
def test_kilns_own_token_goes_to_storage_alone(container: ContainerClient, uri: str) -> None:
    url = uri.format(place=urlsplit(container.url).netloc)

    with pytest.raises(TargetNotFound, match="not a host of Azure Storage"):
        exports.refuse_taken(url, {})


def test_a_copy_that_was_started_is_not_started_again(settings: InProcessAzure, container: ContainerClient) -> None:
    request = request_for(container)

    capture.start_export(request)
    capture.start_export(request)

    assert grants(settings, request, "beginGetAccess") == 1


def test_a_vhd_of_an_earlier_run_is_overwritten_and_anybody_elses_is_not(container: ContainerClient) -> None:
    first = request_for(container)
    capture.start_export(first)
    until(lambda: exports.export_progress(first).done)
    second = request_for(container, first.run.template)
    refuse_taken(second)
    copying = capture.start_export(second)
    until(lambda: exports.export_progress(copying).done)
    capture.place_vhd(second)
    until(lambda: exports.export_progress(second).done)
    metadata = container.get_blob_client("golden.vhd").get_blob_properties().metadata

    container.upload_blob("theirs.vhd", b"theirs")

    assert second.run.run_id in metadata.values()
    with pytest.raises(VhdTaken, match=r"theirs\.vhd exists already") as caught:
        exports.refuse_taken(f"{container.url}/theirs.vhd", second.target.tags)
    assert caught.value.detail.code == "VhdTaken"


def test_a_vhd_that_somebody_has_leased_is_told_at_once_and_stays(container: ContainerClient) -> None:
    first = request_for(container)
    capture.start_export(first)
    until(lambda: exports.export_progress(first).done)
    second = request_for(container, first.run.template)
    copying = capture.start_export(second)
    until(lambda: exports.export_progress(copying).done)
    lease = container.get_blob_client("golden.vhd").acquire_lease()

    with pytest.raises(AzureFailed, match="LeaseIdMissing"):
        capture.place_vhd(second)

    lease.release()
    metadata = container.get_blob_client("golden.vhd").get_blob_properties().metadata
    assert first.run.run_id in metadata.values()


def test_a_container_that_is_not_there_is_named_with_what_to_do(container: ContainerClient) -> None:
    request = request_for(container)
    container.delete_container()

    for export in (capture.start_export, refuse_taken):
        with pytest.raises(AzureNotFound, match="Create the container first"):
            export(request)


def test_clean_up_withdraws_an_access_that_is_still_there_and_no_other(
    settings: InProcessAzure, container: ContainerClient
) -> None:
    request = request_for(container)
    entry = LedgerEntry(kind="disk-access", id=request.origin.disk, tier=0, mark=mark_in(request.origin.tags))

    assert removal.start_delete(entry).url is None
    assert grants(settings, request, "endGetAccess") == 0
    capture.start_export(request)
    until(lambda: exports.export_progress(request).done)
    removal.start_delete(entry)
    removal.start_delete(entry)

    assert grants(settings, request, "endGetAccess") == 1
