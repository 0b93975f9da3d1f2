"""Claims of staging groups: one small document for each group names the template that has it.

Azure makes a resource group by an upsert without a condition ("Resource Groups - Create Or Update"), so two templates
that name one new group would both be told that it is theirs. The claim, made by compare-and-swap, lets one of them be
first. It lasts until its template is deleted; the claim of a template that is gone passes to the next template that
asks, so a crash leaves no group claimed for ever.
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
    """The template that has a group. `created` tells it from earlier and later templates of the same name."""

    template: TemplateId
    created: datetime


class GroupClaims:
    """The claims, by subscription and group."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(subscription: str, group: str) -> str:
        """Return the path of a group's claim, in lower case: ARM ignores case in both names."""
        return f"groups/{subscription}/{group}.json".lower()

    def take(self, record: TemplateRecord) -> TemplateId | None:
        """Claim the staging group for the template. Returns None, or the other template that has the group.

        The template's record must be stored before: a claim without a stored template counts for nobody.
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
                continue  # another worker was faster: look again
            return None
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    def release(self, record: TemplateRecord) -> None:
        """Remove the template's claim; a claim of another template stays."""
        path, own = self._path_of(record), _claim_of(record)
        stored = self._store.get(path, GroupClaim)
        if stored is not None and _same(stored.content, own):
            self._store.delete_unchanged(path, stored.etag)

    def _path_of(self, record: TemplateRecord) -> str:
        return self.path(record.id.subscription, record.staging_group)

    def is_held(self, claim: GroupClaim, path: str) -> bool:
        """Whether the template that made the claim still exists: the same one, not a later one of its name."""
        found = Templates(self._store).get(claim.template)
        return found is not None and _same(claim, _claim_of(found.content)) and self._path_of(found.content) == path


def _claim_of(record: TemplateRecord) -> GroupClaim:
    return GroupClaim(template=record.id, created=record.created)


def _same(one: GroupClaim, other: GroupClaim) -> bool:
    return (one.template.key, one.created) == (other.template.key, other.created)
