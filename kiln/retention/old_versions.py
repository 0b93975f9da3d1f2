"""The purge of template versions that were replaced long ago and have no run, with their artifacts and secrets.

A version's artifacts are deleted first, then its document. The secret of a URL is deleted when the URL is in no
template, version or run that is kept.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from typing import TYPE_CHECKING

from kiln import blob_urls, blobs
from kiln.parallel import run_each
from kiln.retention.staged import delete_staged
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import DocumentT, read_each, reason
from kiln.runs.record import RunRecord, TemplateVersion
from kiln.runs.template_secrets import StoredUrl, TemplateSecrets
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from kiln.template.signed_urls import urls

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from azure.storage.blob import BlobProperties, BlobServiceClient

    from kiln.runs.record import TemplateRecord

ARTIFACTS = "artifacts"
"""The container of the staging storage (kiln.cloud.staging)."""
HOURS = 24
SIDE_BY_SIDE, SECONDS = 8, 120.0
"""Templates at once, and the seconds for one of them, whose runs must all be read."""
_ARTIFACT = re.compile(r"(customize|validate|optimize)(-\d+)?")
"""The names of scripts and files in their version's folder (kiln.planner.names)."""

log = logging.getLogger("kiln.retention")


def purge_versions(now: datetime, before: datetime, store: Documents | None = None) -> int:
    """Purge versions that were replaced before then, and secrets that nothing names any more. Returns their number.

    A version's document is last written when the next version replaces it, or when its submission ends; a secret's,
    when it is sent. Each template is examined once a day. A template that fails is logged and stops no other.
    """
    store = store or documents()
    folders = ("versions/", "secrets/")
    paths = itertools.chain.from_iterable(store.older(folder, before) for folder in folders)
    keys = {"/".join(path.split("/")[1:4]) for path in paths if path.startswith("versions/") or "/urls/" in path}
    due = sorted(key for key in keys if hashlib.sha256(key.encode()).digest()[0] % HOURS == now.hour)
    attempts = run_each(due, lambda key: _purge(store, key, before), at_once=SIDE_BY_SIDE, seconds=SECONDS)
    for attempt in attempts:
        if attempt.fault is not None:
            log.error("the image template %s: its old versions are kept: %s", attempt.item, reason(attempt.fault))
    return sum(attempt.result or 0 for attempt in attempts)


def delete_artifacts(account: BlobServiceClient, version: int) -> int:
    """Delete the artifacts of a template's version from its staging storage. Returns the number of blobs.

    Raises `StorageUnavailable`.
    """
    return delete_staged(account.get_container_client(ARTIFACTS), f"v{version}/", _is_artifact)


def _purge(store: Documents, key: str, before: datetime) -> int:
    """Purge the versions and secrets of one template; those of a template that is gone are left to the sweeper."""
    template = Templates(store).by_key(key)
    if template is None:
        return 0
    runs = _all(store, f"runs/{key}/", RunRecord)
    runs += [template.beginning] if template.beginning is not None else []
    used, account = {run.version for run in runs}, _account(runs)
    forgotten = 0
    for path in store.older(f"versions/{key}/", before):
        number = int(path.rpartition("/")[2].removesuffix(".json"))
        if number < template.version and number not in used and account is not None:
            delete_artifacts(blobs.account(account), number)
            store.delete(Versions.path(template.id, number))
            forgotten += 1
    return forgotten + _purge_secrets(store, template, runs, before)


def _purge_secrets(store: Documents, template: TemplateRecord, runs: Iterable[RunRecord], before: datetime) -> int:
    """Delete whole URLs that nothing names and that were sent before then, unless they were sent again meanwhile."""
    folder = TemplateSecrets.folder(template.id)
    suspects = list(store.older(folder, before))
    if not suspects:
        return 0
    versions = _all(store, f"versions/{template.id.key}/", TemplateVersion)
    bodies = [template.body, *(version.body for version in versions), *(run.body for run in runs)]
    named = {TemplateSecrets.path(template.id, url) for body in bodies for _, url in urls(body)}
    forgotten = 0
    for path in suspects:
        stored = store.get(path, StoredUrl)
        if path not in named and stored is not None and stored.content.sent < before:
            forgotten += store.delete_unchanged(path, stored.etag)
    return forgotten


def _all(store: Documents, prefix: str, kind: type[DocumentT]) -> list[DocumentT]:
    everything = read_each(store, store.paths(prefix), kind)
    if everything.unreadable:
        raise ValueError(f"{everything.unreadable[0].path} cannot be read, so it may still use them")
    return everything.contents


def _account(runs: Iterable[RunRecord]) -> str | None:
    """Return the blob endpoint of the staging storage; None for a template that was never built."""
    url = next((run.log_url for run in runs if run.log_url is not None), None)
    return None if url is None else blob_urls.parts(url).account


def _is_artifact(name: str, blob: BlobProperties) -> bool:
    from azure.storage.blob import BlobType

    return blob.blob_type == BlobType.BLOCKBLOB and _ARTIFACT.fullmatch(name) is not None
