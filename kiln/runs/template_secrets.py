"""The secrets in templates' URLs, kept apart from the templates, so that those are stored and shown without secrets.

A client may send a URL back as it was shown, without its secret: it then stands for the whole URL that is kept here. A
secret is bound to the rest of its URL, so that nobody who cannot read it can have it sent to another server.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.errors import ArtifactUnavailable, Problem, TemplateInvalid
from kiln.redact import HIDDEN, hide_in_url, is_hidden
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest
from kiln.runs.record import Document
from kiln.secret import KeptSecret, Secret
from kiln.template.signed_urls import urls, with_urls
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.template.shape import Path


class StoredUrl(Document):
    """A whole URL as it is stored: the storage account encrypts it, and only the app's identity can read it.

    `sent` is when a client last sent the URL, whole or as it is shown.
    """

    url: KeptSecret
    sent: datetime


class TemplateSecrets:
    """Whole URLs, by template and by the URL as it is shown; the one that was sent last counts."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, shown: str) -> str:
        """Return the path of a whole URL, given the URL as it is shown."""
        return f"{TemplateSecrets.folder(template)}{hashlib.sha256(shown.encode()).hexdigest()}.json"

    @staticmethod
    def folder(template: TemplateId) -> str:
        """Return the folder of a template's whole URLs."""
        return f"secrets/{template.key}/urls/"

    def hide(self, template: TemplateId, body: dict[str, Any], *, what: str = "image template") -> dict[str, Any]:
        """Keep the secrets of a template's body, or of a part of one, and return the body without them.

        Raises `TemplateInvalid` for a hidden secret that was never sent, and when two URLs differ in their secrets
        alone.
        """
        kept: dict[str, str] = {}
        replaced: dict[Path, str] = {}
        problems: list[Problem] = []
        for path, url in urls(body):
            shown = hide_in_url(url)
            if is_hidden(url):
                if url != shown or self._renew(template, shown) is None:
                    text = f"{HIDDEN} stands for a secret that is not known here; send the whole URL"
                    problems.append(Problem(path=path_text(path), message=text))
            elif url != shown:
                if kept.setdefault(shown, url) != url:
                    text = "another URL of the template differs from it in its signature or password alone"
                    problems.append(Problem(path=path_text(path), message=text))
                replaced[path] = shown
        if problems:
            raise TemplateInvalid(tuple(problems), what=what)
        for shown, url in kept.items():
            self._keep(template, shown, StoredUrl(url=Secret(url), sent=datetime.now(UTC)))
        return with_urls(body, replaced)

    def whole(self, template: TemplateId, shown: str) -> Secret:
        """Return the whole URL. Raises `ArtifactUnavailable` when its secret is no longer kept."""
        if not is_hidden(shown):
            return Secret(shown)
        found = self._find(template, shown)
        if found is None:
            raise ArtifactUnavailable(
                f"The secret part of {shown} is no longer kept.",
                hint="Submit the template again, with the whole URL.",
            )
        return found

    def _keep(self, template: TemplateId, shown: str, stored: StoredUrl) -> None:
        keep_latest(self._store, self.path(template, shown), stored)

    def _renew(self, template: TemplateId, shown: str) -> StoredUrl | None:
        """Note that the URL was sent as it is shown, so that the purge spares it. Returns None if it is not kept."""
        sent = datetime.now(UTC)
        path = self.path(template, shown)
        return self._store.update(path, StoredUrl, lambda known: known.model_copy(update={"sent": sent}))

    def _find(self, template: TemplateId, shown: str) -> Secret | None:
        stored = self._store.get(self.path(template, shown), StoredUrl)
        return stored.content.url if stored else None
