"""Which template has which staging group: one small document a group, made and changed by compare-and-swap alone.

Azure makes a resource group by an upsert that has no condition ("Resource Groups - Create Or Update"), so that two
templates which name one new group would both be told that it is theirs. Here one of them is first. A claim lasts until
its template is deleted; one whose template is gone, whatever died in between, is the next one's who asks.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed
from kiln.ids import TemplateId
from kiln.runs.documents import ATTEMPTS, Documents, documents
from kiln.runs.record import Document
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from kiln.runs.record import TemplateRecord


class GroupClaim(Document):
    """The template that has a group. `created` tells it from others of its name, before it and after it."""

    template: TemplateId
    created: datetime


class GroupClaims:
    """The claims, by subscription and group."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(subscription: str, group: str) -> str:
        """Return where a group's claim is; ARM compares both names without regard to case."""
        return f"groups/{subscription}/{group}.json".lower()

    def take(self, record: TemplateRecord) -> TemplateId | None:
        """Claim the template's staging group, unless it has it. Returns None, or the other template that has it.

        The template's record is stored by then, so that a claim without one is nobody's.
        """
        path, own = self._path_of(record), _claim_of(record)
        for _ in range(ATTEMPTS):
            stored = self._store.get(path, GroupClaim)
            if stored is not None and _same(stored.content, own):
                return None
            if stored is not None and self.is_held(stored.content, path):
                return stored.content.template
            try:
                if stored is None:
                    self._store.create(path, own)
                else:
                    self._store.replace(path, own, stored.etag)
            except PreconditionFailed:
                continue  # somebody else was faster: look again
            return None
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    def release(self, record: TemplateRecord) -> None:
        """Give the template's claim up; one that is another's is left alone."""
        path, own = self._path_of(record), _claim_of(record)
        stored = self._store.get(path, GroupClaim)
        if stored is not None and _same(stored.content, own):
            self._store.delete_unchanged(path, stored.etag)

    def _path_of(self, record: TemplateRecord) -> str:
        return self.path(record.id.subscription, record.staging_group)

    def is_held(self, claim: GroupClaim, path: str) -> bool:
        """Whether the very template that made the claim is there still."""
        found = Templates(self._store).get(claim.template)
        return found is not None and _same(claim, _claim_of(found.content)) and self._path_of(found.content) == path


def _claim_of(record: TemplateRecord) -> GroupClaim:
    return GroupClaim(template=record.id, created=record.created)


def _same(one: GroupClaim, other: GroupClaim) -> bool:
    return (one.template.key, one.created) == (other.template.key, other.created)
