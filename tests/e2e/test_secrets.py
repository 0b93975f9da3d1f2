"""Secrets are planted in one run of everything; then all traces of it are searched, but for the secrets' own places.

Searched are the durable histories, every blob, the host's log, Azure's requests and published events, every answer of
the API and the output of the command line.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import httpx
import pytest
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from kiln.ids import TemplateId
from tests.contract.azure.harness import SEEDED
from tests.e2e.app import API, GROUP, SUBSCRIPTION, KilnApp, template, template_path
from tests.e2e.evidence import access, gather, in_base64, stored
from tests.e2e.signatures import heard, signature, signatures
from tests.tokens import bearer, token
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure
    from tests.e2e.evidence import Gathered

KEY = TemplateId(subscription=SUBSCRIPTION, group=GROUP, name="planted").key
BROKEN = TemplateId(subscription=SUBSCRIPTION, group=GROUP, name="refused").key
ALLOWED = {
    f"blob */kiln/secrets/{KEY}/urls/*": "the whole URLs of the template: a build fetches by them",
    f"blob */kiln/secrets/{BROKEN}/urls/*": "the same of a template whose submission failed",
    f"blob */kiln/secrets/{KEY}/hook.json": "the secret of the webhook: signatures are checked by it",
}
"""Places where a secret has to be, and why. The state account is the app's alone, and encrypted at rest."""
SECONDS = 120
WEBHOOK = f"canary-{uuid.uuid4().hex}{uuid.uuid4().hex}"
OF_STEPS = {
    *("packerlogs/customize-00-fetched.log", "artifacts/customize-00"),
    *("packerlogs/customize-01-motd.log", "artifacts/customize-01"),
    "packerlogs/generalize-generalize.log",
}
"""Blobs that a machine gets signed URLs of: each step's output, and the file that a step fetches."""


@dataclass
class Planted:
    """An app after the run, and the secrets by their use."""

    app: KilnApp
    secrets: dict[str, str]
    signatures: list[tuple[str, str]]
    """Blobs and the signatures of them that Azure saw; they are among the secrets."""
    gathered: Gathered


@pytest.fixture(scope="module")
def planted(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    name = uuid.uuid4().hex[:12]
    files = Files(local_azure, f"files{name}")
    settings = {"KILN_TOPIC_ENDPOINT": topic(local_azure, f"kiln-{name}")}
    with KilnApp(local_azure, tmp_path_factory.mktemp("planted"), f"state{name}", settings) as app:
        urls = {"script": files.signed("script.sh"), "file": files.signed("motd"), "refused": files.signed("gone.sh")}
        with heard(local_azure) as texts:
            build(app, urls["script"], urls["file"])
            refuse(app, urls["refused"].replace("gone.sh", "never.sh"))
        signed = signatures(texts)
        secrets = {
            "the webhook": WEBHOOK,
            "the caller's token": token(local_azure).rpartition(".")[2],
            **{f"the URL of the {what}": signature(url) for what, url in urls.items()},
            **{f"signature {number} that Azure saw": found for number, (_, found) in enumerate(signed)},
        }
        yield Planted(app, secrets, signed, gather(app, "planted"))


class Files:
    """Somebody's storage account with a script and a file, to be read by user-delegation SAS."""

    def __init__(self, azure: InProcessAzure, account: str) -> None:
        opened = access(azure, account)
        self.service = BlobServiceClient(**opened)
        self.account, self.key = account, opened["credential"]["account_key"]
        with self.service.create_container("scripts") as container:
            container.upload_blob("script.sh", b"#!/bin/sh\necho fetched\n")
            container.upload_blob("motd", b"welcome\n")

    def signed(self, blob: str) -> str:
        """Return a signed URL of a blob."""
        query = generate_blob_sas(
            self.account,
            "scripts",
            blob,
            account_key=self.key,
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"{self.service.url.rstrip('/')}/scripts/{blob}?{query}"


def topic(azure: InProcessAzure, name: str) -> str:
    """Make a topic for Kiln's events; return its endpoint."""
    arm = f"{azure.http_url}{SEEDED}/providers/Microsoft.EventGrid/topics/{name}"
    with httpx.Client(params={"api-version": "2025-02-15"}, headers={"Authorization": "Bearer any"}) as client:
        properties = {"inputSchema": "CloudEventSchemaV1_0", "disableLocalAuth": True}
        client.put(arm, json={"location": "westeurope", "properties": properties}).raise_for_status()
        until(lambda: client.get(arm).json()["properties"]["provisioningState"] == "Succeeded")
    return f"{azure.url}/eventgrid/westeurope/{name}/api/events"


def build(app: KilnApp, script: str, file: str) -> None:
    """Submit the template with its signed URLs, give it a webhook, and build it by a request to that."""
    steps = [
        {"type": "Shell", "name": "fetched", "scriptUri": script},
        {"type": "File", "name": "motd", "sourceUri": file, "destination": "/etc/motd"},
    ]
    app.submit("planted", template("app", customize=steps))
    assert until(lambda: settled(app, "planted"), within=SECONDS) == "Succeeded"
    with httpx.Client(params=API, verify=app.azure.azurite.certificates.client_context(), timeout=60) as client:
        hook = f"{app.address}{template_path('planted/triggers/hook')}"
        trigger = {"properties": {"kind": "Webhook", "secret": WEBHOOK}}
        client.put(hook, json=trigger, headers=bearer(app.azure)).raise_for_status()
        body, now = b"{}", str(int(time.time()))
        signed_text = f"{now}\n{template_path('planted/triggers/hook')}\n".lower().encode() + body
        right = hmac.new(WEBHOOK.encode(), signed_text, hashlib.sha256).hexdigest()
        for signed, status in (("0" * 64, 401), (right, 202)):
            headers = {"X-Kiln-Signature-256": f"sha256={signed}", "X-Kiln-Timestamp": now}
            assert client.post(f"{hook}/fire", content=body, headers=headers).status_code == status
    assert until(lambda: ended(app), within=SECONDS) == "Succeeded"


def ended(app: KilnApp) -> str | None:
    """Return how the template's one run ended, once it has."""
    runs = app.call("GET", "planted/runs").json()["value"]
    states = [str(run["properties"]["runState"]) for run in runs]
    return states[0] if states and states[0] != "Running" else None


def refuse(app: KilnApp, script: str) -> None:
    """Submit a template whose signature is not good for its URL: the submission fails, and says why."""
    app.submit("refused", template("app", customize=[{"type": "Shell", "name": "never", "scriptUri": script}]))
    assert until(lambda: settled(app, "refused"), within=SECONDS) == "Failed"


def settled(app: KilnApp, name: str) -> str | None:
    state = str(app.call("GET", name).json()["properties"]["provisioningState"])
    return None if state in {"Creating", "Updating"} else state


def test_secrets_of_every_kind_were_there(planted: Planted) -> None:
    blobs = {blob for blob, _ in planted.signatures}
    assert {blob for blob in blobs if not blob.startswith("disks/")} == OF_STEPS
    assert len(blobs - OF_STEPS) == 1, "the disk that the image is copied from"
    assert all(len(secret) >= 16 for secret in planted.secrets.values())


def test_each_signature_is_whole(planted: Planted) -> None:
    """A part of one would not be found in a form that codes the whole; Kiln's own signatures have a plain `/`."""
    for name, secret in planted.secrets.items():
        if name.startswith(("signature ", "the URL of ")):
            assert len(base64.b64decode(unquote(secret), validate=True)) == hashlib.sha256().digest_size, name


def test_no_secret_is_anywhere_but_in_its_own_place(planted: Planted) -> None:
    public = planted.gathered.but(ALLOWED)
    assert {what: found for what, secret in planted.secrets.items() if (found := public.with_secret(secret))} == {}


def test_no_signature_and_no_token_of_anybody_is_anywhere_else(planted: Planted) -> None:
    assert planted.gathered.but(ALLOWED).signed() == set()


def test_each_place_of_its_own_has_its_secret(planted: Planted) -> None:
    for pattern, why in ALLOWED.items():
        own = set(planted.gathered.places) - set(planted.gathered.but([pattern]).places)
        assert own, why
        having = set().union(*(planted.gathered.with_secret(secret) for secret in planted.secrets.values()))
        assert own <= having, why


def test_everything_was_looked_at(planted: Planted) -> None:
    kinds = {place.split(" ")[0] for place in planted.gathered.places}
    assert kinds == {"file", "blob", "azure", "GET", "kiln"}
    places = " ".join(planted.gathered.places)
    for part in ("hub.db", "host.log", "/kiln/runs/", "/kiln/templates/", "/packerlogs/", "/artifacts/", "eventgrid"):
        assert part in places
    assert b"Kiln.Build.Succeeded" in planted.gathered.places["azure eventgrid/events"]
    assert b"REDACTED" in b"".join(planted.gathered.places.values())


def test_a_secret_that_is_planted_in_any_of_them_is_found(planted: Planted) -> None:
    app, canary = planted.app, f"canary/{uuid.uuid4().hex}+{uuid.uuid4().hex}="
    with BlobServiceClient(**access(app.azure, app.state_account)) as service:
        service.get_blob_client("kiln", "planted.json").upload_blob(json.dumps({"url": f"https://a/b?sig={canary}"}))
    with sqlite3.connect(app.folder / "planted.db") as history:
        history.execute("create table events (text)")
        history.execute("insert into events values (?)", (min(in_base64(canary)).decode(),))
    history.close()
    (app.folder / "planted.log").write_text(f"GET /?sig={quote(canary, safe='')}")

    found = stored(app).but(ALLOWED)

    assert found.with_secret(canary) == {
        f"blob {app.state_account}/kiln/planted.json",
        "file planted.db",
        "file planted.log",
    }
    assert found.signed() == {f"blob {app.state_account}/kiln/planted.json", "file planted.log"}
