"""All that a run of Kiln leaves behind or answers, and the search for secrets in it, in whatever form they are written.

It owns gathering and search; the test has the secrets, and the places where one may be.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import httpx
from azure.storage.blob import BlobServiceClient

import triggers
from tests.e2e.app import API, GROUP, SUBSCRIPTION
from tests.e2e.local_kiln import KILN
from tests.tokens import bearer, token
from triggers.endpoint import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from devkit.local.in_process import InProcessAzure
    from tests.e2e.app import KilnApp

assert triggers.blueprints, "importing the triggers registers the routes"
SIGNED = re.compile(
    rb"(?:[?&;]|u0026|%(?:25)*(?:26|3F))sig(?:=|%(?:25)*3D)(?!REDACTED)(?:[\w%+/=-]|\\/|\\u002[BF]){16}"
    rb"|(?-i:eyJ)[\w-]{8,}\.(?-i:eyJ)[\w-]{8,}\.[\w-]{8}",
    re.IGNORECASE,
)
"""A signature in a URL (after `?`, `&`, `&amp;`, `\\u0026` or, in a URL within a URL, `%26`) and a JSON Web Token."""


@dataclass(frozen=True)
class Gathered:
    """The content of each place, in bytes."""

    places: dict[str, bytes]

    def with_secret(self, secret: str) -> set[str]:
        """Return the places that have a secret, however it is written."""
        wanted, text = in_base64(secret), spelled(secret)
        part = max(re.findall(rb"[A-Za-z0-9]+", unquote(secret).encode()), key=len)  # the same in every spelling
        return {
            place
            for place, content in self.places.items()
            if (part in content and text.search(content)) or any(form in content for form in wanted)
        }

    def signed(self) -> set[str]:
        """Return the places that have any signature or token at all."""
        return {place for place, content in self.places.items() if SIGNED.search(content)}

    def but(self, allowed: Iterable[str]) -> Gathered:
        """Return the places that no pattern of `allowed` names."""
        patterns = tuple(allowed)
        kept = {
            place: content
            for place, content in self.places.items()
            if not any(fnmatch.fnmatch(place, pattern) for pattern in patterns)
        }
        return Gathered(kept)


def spelled(secret: str) -> re.Pattern[bytes]:
    """Return a pattern for a secret in text: its signs as they are, or coded for URLs (in URLs, too) and for JSON."""
    signs = {sign: rf"(?i:\\?{re.escape(sign)}|%(?:25)*{ord(sign):02X}|\\u{ord(sign):04X})" for sign in "+/=%-_."}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in unquote(secret)).encode())


def in_base64(secret: str) -> set[bytes]:
    """Return the forms that a secret has within base64: as it is, and percent-coded with its slashes or without."""
    plain = unquote(secret)
    found = set()
    for text in (plain, quote(plain), quote(plain, safe="")):
        for data in (text.encode(), text.encode("utf-16-le")):
            for shift in range(3):  # its form depends on where it begins; signs shared with neighbours are left out
                coded = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
                found.add(coded[(0, 2, 3)[shift] : -1])
    return found


def gather(app: KilnApp, template: str) -> Gathered:
    """Return everything of Kiln and of one of its templates, whose trigger is `hook`."""
    shown = {**dict(_of_azure(app)), **dict(_answers(app, template)), **dict(_printed(app, template))}
    return Gathered({**stored(app).places, **shown})


def stored(app: KilnApp) -> Gathered:
    """Return everything that is stored: the host's files, and the blobs of the app and of its templates' staging."""
    return Gathered({**dict(_files(app)), **dict(_blobs(app))})


def _files(app: KilnApp) -> Iterator[tuple[str, bytes]]:
    """Yield the host's files: the durable histories with their write-ahead log, and the host's log."""
    for file in sorted(app.folder.rglob("*")):
        if file.is_file():
            yield f"file {file.relative_to(app.folder)}", file.read_bytes()


def _blobs(app: KilnApp) -> Iterator[tuple[str, bytes]]:
    """Yield every blob of the app's own account and of its templates' staging accounts, with its metadata."""
    for name in [app.state_account, *_staging_accounts(app)]:
        service = BlobServiceClient(**access(app.azure, name))
        with service:
            for container in service.list_containers():
                client = service.get_container_client(container.name)
                for blob in client.list_blobs(include=["metadata"]):
                    content = client.download_blob(blob.name).readall() if blob.size < 1 << 24 else b""
                    yield f"blob {name}/{container.name}/{blob.name}", content + str(blob.metadata).encode()


def _of_azure(app: KilnApp) -> Iterator[tuple[str, bytes]]:
    """Yield the traces of Kiln's calls that Azure shows to others: requests, resources, published events."""
    for path in ("requests", "eventgrid/events", "eventgrid/deliveries"):
        yield f"azure {path}", httpx.get(f"{app.azure.http_url}/_local/{path}").raise_for_status().content
    for resource in _resources(app):
        yield f"azure {resource['id']}", json.dumps(resource).encode()


def _resources(app: KilnApp) -> list[dict[str, Any]]:
    """Return the resources in the staging groups of the app's templates."""
    found = httpx.get(f"{app.azure.http_url}/_local/resources").raise_for_status().json()["resources"]
    service = BlobServiceClient(**access(app.azure, app.state_account))
    with service, service.get_container_client("kiln") as state:
        records = [
            json.loads(state.download_blob(path).readall())
            for path in state.list_blob_names(name_starts_with="templates/")
        ]
    groups = {record["staging_group"].lower() for record in records}
    return [resource for resource in found if groups & set(resource["id"].lower().split("/"))]


def _staging_accounts(app: KilnApp) -> list[str]:
    ids = [str(resource["id"]) for resource in _resources(app)]
    return [id_.rpartition("/")[2] for id_ in ids if "/storageaccounts/" in id_.lower()]


def access(azure: InProcessAzure, account: str) -> dict[str, Any]:
    """Return the arguments of a client for a whole account, by its key."""
    accounts = azure.azurite.accounts
    credential = {"account_name": account, "account_key": accounts.create(account)}
    return {
        "account_url": accounts.endpoint(account),
        "credential": credential,
        "connection_verify": str(accounts.ca_file),
    }


def _answers(app: KilnApp, template: str) -> Iterator[tuple[str, bytes]]:
    """Yield the answer to each GET that Kiln's API has."""
    trust = app.azure.azurite.certificates.client_context()
    with httpx.Client(base_url=app.address, verify=trust, params=API, headers=bearer(app.azure), timeout=60) as client:
        root = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.VirtualMachineImages"
        run = client.get(f"{root}/imageTemplates/{template}/runs").json()["value"][0]["name"]
        operation = client.put(
            f"{root}/imageTemplates/{template}", json=client.get(f"{root}/imageTemplates/{template}").json()
        ).headers["Azure-AsyncOperation"]
        known = {
            "subscription": SUBSCRIPTION,
            "group": GROUP,
            "location": "westeurope",
            "name": template,
            "run": run,
            "version": "1",
            "output": "gallery",
            "trigger": "hook",
            "operation": operation.split("?")[0].rpartition("/")[2],
        }
        for route in [route for route, methods in HANDLERS.items() if "GET" in methods]:
            answer = client.get(f"/{route.format(**known)}")
            assert answer.status_code in {200, 202, 204}, f"{route}: {answer.text}"
            yield f"GET {route}", answer.content + json.dumps(dict(answer.headers)).encode()


def _printed(app: KilnApp, template: str) -> Iterator[tuple[str, bytes]]:
    """Yield the output of the command line."""
    ca = str(app.azure.azurite.certificates.ca)
    environment = {**os.environ, "KILN_TOKEN": token(app.azure), "KILN_ENDPOINT": app.address, "KILN_CA_FILE": ca}
    for command in (["show", template], ["logs", template], ["trigger", "list", template], ["list"]):
        done = subprocess.run([KILN, *command], env=environment, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()
        yield f"kiln {command[0]}", done.stdout + done.stderr
