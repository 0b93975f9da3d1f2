"""A VHD that is replaced, or that two runs make: the last good one stays, whatever Azure refuses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from activities import capture, clean_up
from kiln.cloud import exports, marks
from kiln.contracts.clean_up import CloseRequest, DeleteRequest
from kiln.errors import AzureFailed, MadeByAnother, OnlyCopy, VhdTaken
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.tags import mark_in
from tests.contract.kiln_cloud.vhds import new_container, request_for
from tests.waiting import until

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from kiln.contracts.images import VhdRequest
    from kiln.secret import Secret


@pytest.fixture
def container() -> ContainerClient:
    return new_container()


@pytest.fixture
def first(container: ContainerClient) -> VhdRequest:
    """A run that has made a VHD."""
    request = request_for(container)
    copying = capture.start_export(request)
    assert not copying.to_spare
    copied(copying)
    return request


def again(container: ContainerClient, first: VhdRequest) -> VhdRequest:
    """Another run of the same template."""
    return request_for(container, first.run.template)


def copied(request: VhdRequest) -> None:
    until(lambda: exports.export_progress(request).done)


def maker(url: str | None) -> str | None:
    """Return the mark of the whole VHD at a URL, or None."""
    entry = LedgerEntry(kind="vhd", id=str(url), tier=0)
    return marks.look(entry).tags.get("kilnMark") if marks.is_whole(entry) else None


def mark(request: VhdRequest) -> str:
    return mark_in(request.target.tags)["kilnMark"]


def entries(request: VhdRequest) -> dict[str, LedgerEntry]:
    """Close the run's ledger, and return its VHDs by their part: the VHD itself, or its spare."""
    left = clean_up.close_ledger(CloseRequest(run=request.run)).entries
    return {"spare" if entry.stands_for else "vhd": entry for entry in left if entry.kind == "vhd"}


def delete(entry: LedgerEntry) -> None:
    clean_up.start_delete(DeleteRequest(entry=entry))


def test_a_vhd_stays_until_the_one_that_replaces_it_is_whole_beside_it(
    container: ContainerClient, first: VhdRequest
) -> None:
    second = again(container, first)

    copying = capture.start_export(second)
    assert copying.to_spare
    assert maker(first.target.url) == mark(first)
    copied(copying)
    capture.start_export(second)
    assert (maker(first.target.url), maker(second.target.spare_url)) == (mark(first), mark(second))
    capture.place_vhd(second)
    capture.place_vhd(second)
    copied(second)

    assert maker(second.target.url) == mark(second)
    Ledgers().keep(second.run.template, second.run.run_id, str(second.target.url))
    left = entries(second)
    assert list(left) == ["spare"]
    delete(left["spare"])
    assert maker(second.target.spare_url) is None
    assert maker(second.target.url) == mark(second)


def test_a_run_that_ends_before_its_vhd_is_placed_leaves_the_earlier_one(
    container: ContainerClient, first: VhdRequest
) -> None:
    second = again(container, first)
    copied(capture.start_export(second))

    left = entries(second)
    assert list(left) == ["spare"]
    delete(left["spare"])

    assert (maker(first.target.url), maker(second.target.spare_url)) == (mark(first), None)


def test_a_run_that_ends_while_its_vhd_is_placed_leaves_the_spare(
    container: ContainerClient, first: VhdRequest
) -> None:
    second = again(container, first)
    copied(capture.start_export(second))
    capture.place_vhd(second)

    left = entries(second)
    delete(left["vhd"])
    with pytest.raises(OnlyCopy, match="it was to become"):
        delete(left["spare"])

    assert (maker(second.target.url), maker(second.target.spare_url)) == (None, mark(second))


def test_a_refused_placing_leaves_the_earlier_vhd_and_is_struck_out(
    container: ContainerClient, first: VhdRequest
) -> None:
    second = again(container, first)
    copied(capture.start_export(second))
    container.get_blob_client("golden.vhd").acquire_lease()

    with pytest.raises(AzureFailed, match="lease"):
        capture.place_vhd(second)

    assert maker(first.target.url) == mark(first)
    assert list(entries(second)) == ["spare"]


def test_a_spare_that_is_gone_costs_the_earlier_vhd_nothing(container: ContainerClient, first: VhdRequest) -> None:
    second = again(container, first)
    copied(capture.start_export(second))
    container.delete_blob(str(second.target.spare_url).rpartition("/")[2])

    with pytest.raises(AzureFailed):
        capture.place_vhd(second)

    assert maker(first.target.url) == mark(first)
    assert list(entries(second)) == ["spare"]


def test_what_a_stranger_puts_in_the_place_meanwhile_is_not_copied_over(
    container: ContainerClient, first: VhdRequest
) -> None:
    second = again(container, first)
    copied(capture.start_export(second))
    container.upload_blob("golden.vhd", b"theirs", overwrite=True)

    with pytest.raises(VhdTaken, match="Kiln did not make it"):
        capture.place_vhd(second)

    assert container.download_blob("golden.vhd").readall() == b"theirs"
    assert list(entries(second)) == ["spare"]


def test_a_vhd_that_is_refused_while_it_is_made_is_struck_out(
    container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for(container)
    open_disk = exports.open_disk

    def late(disk: str) -> Secret:
        container.upload_blob("golden.vhd", b"theirs")
        return open_disk(disk)

    monkeypatch.setattr(exports, "open_disk", late)
    with pytest.raises(VhdTaken, match="Kiln did not make it"):
        capture.start_export(request)

    assert entries(request) == {}
    assert container.download_blob("golden.vhd").readall() == b"theirs"


def test_of_two_runs_that_write_one_uri_at_once_one_has_it_and_the_other_is_told_who(
    container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request_for(container), request_for(container)]
    both, open_disk = threading.Barrier(2), exports.open_disk

    def together(disk: str) -> Secret:
        source = open_disk(disk)
        both.wait(60)  # both have seen that there is none
        return source

    monkeypatch.setattr(exports, "open_disk", together)

    def export(request: VhdRequest) -> VhdTaken | None:
        try:
            copied(capture.start_export(request))
        except VhdTaken as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(export, requests))

    (told,) = [end for end in ends if end is not None]
    winner, loser = requests if ends[0] is None else requests[::-1]
    assert winner.run.run_id in str(told)
    assert maker(winner.target.url) == mark(winner)
    assert entries(loser) == {}
    own = LedgerEntry(kind="vhd", id=str(loser.target.url), tier=0, mark=mark_in(loser.target.tags))
    with pytest.raises(MadeByAnother):
        delete(own)
    assert maker(winner.target.url) == mark(winner)
