"""Examine Kiln's own documents: find those that cannot be read, and say what each harms and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.doctor.azure_cli import remove_document
from kiln.doctor.contracts import Found
from kiln.doctor.document_kinds import KINDS
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.parallel import run_each
from kiln.runs.documents import CONTAINER, documents
from kiln.runs.reading import read_each, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.doctor.document_kinds import Kind
    from kiln.runs.documents import Documents
    from kiln.runs.reading import Unreadable

MOST_TOLD = 20
"""The most unreadable documents of one kind that are listed by name."""


def examine() -> Found:
    """Return a finding for each document that cannot be read."""
    store, findings, count = documents(), list[Finding](), 0
    for attempt in run_each(KINDS, lambda kind: _read(store, kind)):
        if attempt.result is None:
            findings.append(_silent(attempt.item.prefix, reason(attempt.fault or TimeoutError())))
        else:
            known, found = attempt.result
            count += known
            findings += found
    fact = Fact(area=Area.DOCUMENTS, target=CONTAINER, text=f"{count} documents can be read.")
    return Found(findings=tuple(findings), facts=(fact,) if count else ())


def _read(store: Documents, kind: Kind) -> tuple[int, list[Finding]]:
    """Return how many documents of a kind can be read, and the findings of those that cannot."""
    paths = [path for path in store.paths(kind.prefix) if kind.part in path and kind.without not in path]
    everything = read_each(store, paths, kind.form)
    return len(everything.stored), list(_found(kind, everything.unreadable))


def _found(kind: Kind, unreadable: tuple[Unreadable, ...]) -> Iterator[Finding]:
    for each in unreadable[:MOST_TOLD]:
        if each.etag is None:
            yield _silent(each.path, each.reason)
        else:
            command = f" {remove_document(each.path, each.etag)}" if kind.removable else ""
            yield _finding(each.path, f"{kind.harm} The document cannot be read: {each.reason}", kind.fix + command)
    more = len(unreadable) - MOST_TOLD
    if more > 0:
        yield _finding(kind.prefix, f"{more} more cannot be read. {kind.harm}", "First fix those that are listed.")


def _silent(path: str, why: str) -> Finding:
    """Return the finding of a document that the store did not hand out: it may be fine, and must not be removed."""
    fix = "Try again. If it keeps failing, check the storage account that KILN_STATE_ENDPOINT names."
    return _finding(path, f"It could not be examined: {why}", fix, Severity.WARNING)


def _finding(path: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    target = f"{CONTAINER}/{path}"
    return Finding(area=Area.DOCUMENTS, severity=severity, target=target, message=message, fix=fix)
