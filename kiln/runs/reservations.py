"""Names of images that runs of this Kiln are about to make: one document for each, made by compare-and-swap.

A gallery version's number, a managed image's id or a VHD's URL belongs to one target of one run until that run is over.
A run that is over, or that nobody knows any more, has none: so nothing has to be given back after a crash, and what a
finished run gives back is for tidiness alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from kiln import blob_urls
from kiln.errors import PreconditionFailed
from kiln.ids import TemplateId, part_of
from kiln.runs.documents import ATTEMPTS, Documents, documents
from kiln.runs.record import Document
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.runs.record import RunRecord


class Reservation(Document):
    """Who is about to make an image: a run, and the run output's name of its target."""

    template: TemplateId
    run_id: str
    output: str


def version_path(image_id: str, version: str) -> str:
    """Return where the reservation of a version of an image definition (its ARM id) is."""
    parts = (part_of(image_id, name) for name in ("subscriptions", "resourceGroups", "galleries", "images"))
    return f"reservations/{'/'.join(parts)}/{version}.json".lower()


def image_path(image_id: str) -> str:
    """Return where the reservation of a managed image (its ARM id) is."""
    parts = (part_of(image_id, name) for name in ("subscriptions", "resourceGroups", "images"))
    return f"reservations/images/{'/'.join(parts)}.json".lower()


def vhd_path(url: str) -> str:
    """Return where the reservation of a VHD is: by a hash of its URL, which may be longer than a path."""
    account, container, blob = blob_urls.parts(url)
    named = f"{account.lower()}/{container}/{blob}"
    return f"reservations/vhds/{hashlib.sha256(named.encode()).hexdigest()}.json"


class Reservations:
    """What is reserved, by path."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()
        self._runs = Runs(self._store)

    def take(self, path: str, wanted: Reservation) -> Reservation | None:
        """Reserve a name, again if need be. Returns who has it instead, or None when it is reserved as wanted.

        The path is noted in the run's record before: `give_back` goes by that.
        """
        for _ in range(ATTEMPTS):
            there = self._store.get(path, Reservation)
            if there is not None and there.content != wanted and self.is_going(there.content):
                return there.content
            self._runs.update(wanted.template, wanted.run_id, lambda run: _noting(run, path))
            with contextlib.suppress(PreconditionFailed):  # somebody else took it, or gave it back, in the meantime
                if there is None:
                    self._store.create(path, wanted)
                else:
                    self._store.replace(path, wanted, there.etag)
                return None
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    def give_back(self, run: RunRef) -> None:
        """Remove what the run reserved; what others have by now stays. Raises `ResourceNotFound` without its record."""
        self.give_back_of(self._runs.require(run.template, run.run_id))

    def give_back_of(self, run: RunRecord) -> None:
        """Do the same of a run whose record was read."""
        for path in run.reserved:
            stored = self._store.get(path, Reservation)
            own = (run.template.key, run.run_id)
            if stored is not None and (stored.content.template.key, stored.content.run_id) == own:
                self._store.delete_unchanged(path, stored.etag)

    def is_going(self, holder: Reservation) -> bool:
        """Whether the run that reserved it may yet make it."""
        run = self._runs.get(holder.template, holder.run_id)
        return run is not None and not run.state.is_final


def _noting(run: RunRecord, path: str) -> RunRecord:
    return run if path in run.reserved else run.model_copy(update={"reserved": (*run.reserved, path)})
