"""Gallery versions and VHDs: recorded in the ledger first, and kept by it once they are whole."""

from __future__ import annotations

from activities.adapter import fence, implements
from activities.announce import announce
from kiln.cloud import exports, gallery
from kiln.contracts import CHECK_EXPORT, END_EXPORT, REPORT_OUTPUT, START_EXPORT, START_VERSION
from kiln.messages import GalleryRequest, Nothing, Operation, OutputReport, Progress, VhdRequest
from kiln.runs.record import LedgerEntry
from kiln.runs.store import Ledgers, Runs
from kiln.runs.transitions import add_output


@implements(START_VERSION)
def start_version(request: GalleryRequest) -> Operation:
    """Record the gallery version, then start to publish it where the image was built."""
    gallery.refuse_taken(request.target)
    entry = LedgerEntry(kind="gallery-version", id=request.target.version_id, tier=0)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return gallery.start_version(request.origin, request.target)


@implements(START_EXPORT)
def start_export(request: VhdRequest) -> Nothing:
    """Record the access to the disk and the VHD, then start to copy."""
    exports.refuse_taken(exports.vhd_url(request))
    access = LedgerEntry(kind="disk-access", id=request.origin.disk, tier=0)
    vhd = LedgerEntry(kind="vhd", id=exports.vhd_url(request), tier=0)
    Ledgers().record(request.run.template, request.run.run_id, access, vhd)
    exports.start_export(request)
    return Nothing()


@implements(CHECK_EXPORT)
def check_export(request: VhdRequest) -> Progress:
    """Ask how far the copy is."""
    fence(request.run)
    return exports.export_progress(request)


@implements(END_EXPORT)
def end_export(request: VhdRequest) -> Operation:
    """Start to withdraw the access to the disk."""
    fence(request.run)
    return exports.start_revoke(request.origin.disk)


@implements(REPORT_OUTPUT)
def report_output(request: OutputReport) -> Nothing:
    """Record what a target became; the ledger keeps it from clean-up from now on."""
    run, output = request.run, request.output
    made = output.artifact_id or output.artifact_uri
    if made:
        Ledgers().keep(run.template, run.run_id, made)
    announce(Runs().update(run.template, run.run_id, lambda record: add_output(record, output)))
    return Nothing()
