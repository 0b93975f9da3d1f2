"""The latest runs of a template, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import DocumentUnreadable
from kiln.runs.reading import tell
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.runs.record import RunRecord, TemplateRecord

LOOK_BACK = 20
"""The most runs that are read."""


def recent_runs(template: TemplateRecord) -> Iterator[RunRecord]:
    """Yield the template's runs, newest first, as far as they can be read.

    Raises `DocumentUnreadable` for the latest run: callers must know whether that one is over.
    """
    return _runs(template, needed=template.run_id)


def readable_runs(template: TemplateRecord) -> Iterator[RunRecord]:
    """Yield the template's runs, newest first, as far as they can be read."""
    return _runs(template, needed=None)


def _runs(template: TemplateRecord, *, needed: str | None) -> Iterator[RunRecord]:
    for run_id in Runs().ids_of(template)[: -LOOK_BACK - 1 : -1]:
        try:
            run = Runs().of(template, run_id)
        except DocumentUnreadable as error:
            if run_id == needed:
                raise
            tell(error)
            continue
        if run is not None:
            yield run
