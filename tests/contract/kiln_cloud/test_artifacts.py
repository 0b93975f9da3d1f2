from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from kiln import blobs
from kiln.cloud import artifacts
from kiln.cloud.staging import ARTIFACTS
from kiln.errors import ArtifactUnavailable
from kiln.planner.staging import ArtifactSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.messages import StagedStorage

CONTENT = b"#!/bin/sh\necho hello\n" * 10_000


class Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.split("?")[0] == "/script.sh"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(CONTENT if found else b"no")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Files) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def artifact(url: str, sha256: str = "") -> ArtifactSpec:
    return ArtifactSpec(url=url, sha256=sha256, blob="run/00", property_path="properties.customize[0].scriptUri")


def staged(storage: StagedStorage) -> bytes:
    return bytes(blobs.account(storage.endpoint).get_blob_client(ARTIFACTS, "run/00").download_blob().readall())


def test_a_file_is_taken_in_over_http_and_checked(storage: StagedStorage, server: str) -> None:
    artifacts.stage(storage, artifact(f"{server}/script.sh", hashlib.sha256(CONTENT).hexdigest()))

    assert staged(storage) == CONTENT


@pytest.mark.parametrize("url", ["data:,hello%20you", "data:text/plain;base64,aGVsbG8geW91"])
def test_a_data_url_holds_its_own_content(storage: StagedStorage, url: str) -> None:
    artifacts.stage(storage, artifact(url))

    assert staged(storage) == b"hello you"


def test_a_wrong_checksum_is_named_and_the_file_is_not_kept(storage: StagedStorage, server: str) -> None:
    with pytest.raises(ArtifactUnavailable, match="sha256Checksum says 0000"):
        artifacts.stage(storage, artifact(f"{server}/script.sh", "0" * 64))

    blob = blobs.account(storage.endpoint).get_blob_client(ARTIFACTS, "run/00")
    assert not blob.exists()


def test_what_is_not_there_is_named_without_its_signature(storage: StagedStorage, server: str) -> None:
    with pytest.raises(ArtifactUnavailable) as caught:
        artifacts.stage(storage, artifact(f"{server}/missing?sig=secret"))

    assert "answered 404" in str(caught.value)
    assert "/missing" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.detail.target == "properties.customize[0].scriptUri"


@pytest.mark.parametrize("url", ["ftp://example.com/file", "/etc/passwd", "data:no-comma", "data:;base64,???"])
def test_a_url_of_another_kind_is_refused(storage: StagedStorage, url: str) -> None:
    with pytest.raises(ArtifactUnavailable):
        artifacts.stage(storage, artifact(url))
