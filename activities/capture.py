"""Gallery versions and VHDs: recorded in the ledger first, and kept by it once they are whole."""

from __future__ import annotations

from activities.adapter import fence, implements
from activities.announce import announce
from activities.making import making
from kiln.cloud import exports, gallery, marks
from kiln.contracts.base import Nothing, Operation, Progress
from kiln.contracts.images import (
    CHECK_EXPORT,
    END_EXPORT,
    PLACE_VHD,
    START_EXPORT,
    START_VERSION,
    GalleryRequest,
    OriginRequest,
    VhdRequest,
)
from kiln.contracts.runs import REPORT_OUTPUT, OutputReport
from kiln.runs.ledger import EntryKind, LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.runs import Runs
from kiln.runs.tags import MARK_TAG, mark_in
from kiln.runs.transitions import add_output

KINDS: dict[str, EntryKind] = {"SharedImage": "gallery-version", "ManagedImage": "image", "VHD": "vhd"}
"""The kind of a ledger entry, by the kind of the output."""


@implements(START_VERSION)
def start_version(request: GalleryRequest) -> Operation:
    """Record the gallery version, then start to publish it where the image was built."""
    target = request.target
    gallery.refuse_taken(target)
    entry = LedgerEntry(kind="gallery-version", id=target.version_id, tier=0, mark=mark_in(target.tags))
    with making(request.run, entry):
        return gallery.start_version(request.origin, target)


@implements(START_EXPORT)
def start_export(request: VhdRequest) -> VhdRequest:
    """Record the access to the disk and open it, then record the VHD, or its spare, and start to copy.

    Returns the request with the blob that is copied to. That is the spare where an earlier VHD exists, which stays as
    it is until `place_vhd`. A copy of this run that is under way or done is not started again.
    """
    fence(request.run)
    origin, target = request.origin, request.target
    there = exports.refuse_taken(exports.vhd_url(request), target.tags)
    if there is not None and not there.is_copied and target.spare_url is not None:
        request = request.model_copy(update={"to_spare": True})
        there = exports.refuse_taken(target.spare_url, target.tags)
    if there is not None and there.is_copied:
        return request
    with making(request.run, LedgerEntry(kind="disk-access", id=origin.disk, tier=0, mark=mark_in(origin.tags))):
        source = exports.open_disk(origin.disk)
    with making(request.run, exports.entry(request)):
        exports.start_copy(request, source, there)
    return request


@implements(PLACE_VHD)
def place_vhd(request: VhdRequest) -> Nothing:
    """Record the VHD, then start to copy its spare, which is whole, over the earlier one."""
    fence(request.run)
    there = exports.refuse_taken(exports.vhd_url(request), request.target.tags)
    if there is None or not there.is_copied:
        with making(request.run, exports.entry(request)):
            exports.start_placing(request, there)
    return Nothing()


@implements(CHECK_EXPORT)
def check_export(request: VhdRequest) -> Progress:
    """Ask how far the copy is."""
    fence(request.run)
    return exports.export_progress(request)


@implements(END_EXPORT)
def end_export(request: OriginRequest) -> Operation:
    """Start to withdraw the access to the disk."""
    fence(request.run)
    return exports.start_revoke(request.origin.disk)


@implements(REPORT_OUTPUT)
def report_output(request: OutputReport) -> Nothing:
    """Record the target's image as an output of the run; from now on the ledger protects it from clean-up.

    Raises `MadeByAnother` when another image has its name by now, and `AzureNotFound` when none has.
    """
    run, output = request.run, request.output
    keep(request)
    announce(Runs().update(run.template, run.run_id, lambda record: add_output(record, output)))
    return Nothing()


def keep(request: OutputReport) -> None:
    """Protect the target's image from clean-up, if it exists and this run made it."""
    run, output = request.run, request.output
    made = output.artifact_id or output.artifact_uri
    if made:
        entry = LedgerEntry(kind=KINDS[output.kind], id=made, tier=0, mark={MARK_TAG: output.mark})
        marks.require_own(entry)
        Ledgers().keep(run.template, run.run_id, made)
