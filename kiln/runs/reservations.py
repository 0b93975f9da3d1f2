"""Reservations of image names by runs of this installation: one document for each name, made by compare-and-swap.

A gallery version's number, a managed image's id or a VHD's URL belongs to one target of one run until that run is over.
The reservation of a run that is over or unknown does not count, so a crash leaves nothing to undo, and a finished run
gives its reservations back for tidiness alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from kiln import blob_urls
from kiln.errors import PreconditionFailed
from kiln.ids import TemplateId, part_of, plain_version
from kiln.runs.documents import ATTEMPTS, Documents, documents
from kiln.runs.record import Document
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.runs.record import RunRecord


class Reservation(Document):
    """The holder of a reserved name: a run, and the run output name of its target."""

    template: TemplateId
    run_id: str
    output: str


def version_path(image_id: str, version: str) -> str:
    """Return the path of the reservation of a version number of an image definition (its ARM id).

    There is one for each number, in whatever spelling.
    """
    parts = (part_of(image_id, name) for name in ("subscriptions", "resourceGroups", "galleries", "images"))
    return f"reservations/{'/'.join(parts)}/{plain_version(version)}.json".lower()


def image_path(image_id: str) -> str:
    """Return the path of the reservation of a managed image (its ARM id)."""
    parts = (part_of(image_id, name) for name in ("subscriptions", "resourceGroups", "images"))
    return f"reservations/images/{'/'.join(parts)}.json".lower()


def vhd_path(url: str) -> str:
    """Return the path of the reservation of a VHD: with a hash of its URL, since that may be longer than a path."""
    account, container, blob = blob_urls.parts(url)
    named = f"{account.lower()}/{container}/{blob}"
    return f"reservations/vhds/{hashlib.sha256(named.encode()).hexdigest()}.json"


class Reservations:
    """Reservations, by path."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()
        self._runs = Runs(self._store)

    def take(self, path: str, wanted: Reservation) -> Reservation | None:
        """Reserve a name; a run may reserve it again. Returns the other holder, or None when it is reserved as wanted.

        The path is first noted in the run's record, which `give_back` reads.
        """
        for _ in range(ATTEMPTS):
            there = self._store.get(path, Reservation)
            if there is not None and there.content != wanted and self.is_going(there.content):
                return there.content
            self._runs.update(wanted.template, wanted.run_id, lambda run: _noting(run, path))
            with contextlib.suppress(PreconditionFailed):  # another run took it, or gave it back, in the meantime
                if there is None:
                    self._store.create(path, wanted)
                else:
                    self._store.replace(path, wanted, there.etag)
                return None
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    def give_back(self, run: RunRef) -> None:
        """Remove the run's reservations, not those that others have by now. Raises `ResourceNotFound`."""
        self.give_back_of(self._runs.require(run.template, run.run_id))

    def give_back_of(self, run: RunRecord) -> None:
        """Remove the reservations of a run, given its record."""
        for path in run.reserved:
            stored = self._store.get(path, Reservation)
            own = (run.template.key, run.run_id)
            if stored is not None and (stored.content.template.key, stored.content.run_id) == own:
                self._store.delete_unchanged(path, stored.etag)

    def is_going(self, holder: Reservation) -> bool:
        """Whether the holder's run is still going, so that it may yet make the image."""
        run = self._runs.get(holder.template, holder.run_id)
        return run is not None and not run.state.is_final


def _noting(run: RunRecord, path: str) -> RunRecord:
    return run if path in run.reserved else run.model_copy(update={"reserved": (*run.reserved, path)})
