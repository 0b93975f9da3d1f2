from __future__ import annotations

import hashlib
import socket
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from kiln import blobs
from kiln.cloud import artifacts
from kiln.cloud.download_errors import Busy
from kiln.cloud.staging import ARTIFACTS
from kiln.errors import ArtifactUnavailable, AzureFailed
from kiln.planner.staging import ArtifactSpec
from kiln.secret import Secret
from tests.app_settings import set_settings
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.contract.kiln_cloud.file_server import FileServer
from tests.unit.attacks.raw_server import HEAD, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import BlobClient

    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.staging import StagedStorage

CONTENT = b"#!/bin/sh\necho hello\n" * 10_000
PATH = "properties.customize[0].scriptUri"
SOURCE = "0123456789abcdef"
IDENTITIES = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
)
BUILDER = f"{IDENTITIES}/builder"


@pytest.fixture(scope="module")
def server() -> Iterator[FileServer]:
    files: dict[str, bytes | str | int] = {
        "/script.sh": CONTENT,
        "/moved": "/script.sh?sig=secret",
        "/loop": "/loop",
        "/private": 403,
        "/broken": 503,
        "/ftp": "ftp://example.com/file",
    }
    with FileServer(files) as running:
        yield running


def artifact(url: str, sha256: str = "", identity: str | None = None) -> ArtifactSpec:
    return ArtifactSpec(
        url=url, sha256=sha256, source=SOURCE, blob="v1/customize-00", property_path=PATH, identity=identity
    )


def stage(storage: StagedStorage, spec: ArtifactSpec) -> None:
    artifacts.stage(storage, spec, lambda: Secret(spec.url))


def blob_of(storage: StagedStorage) -> BlobClient:
    return blobs.account(storage.endpoint).get_blob_client(ARTIFACTS, "v1/customize-00")


def staged(storage: StagedStorage) -> bytes:
    return bytes(blob_of(storage).download_blob().readall())


def refusal(storage: StagedStorage, spec: ArtifactSpec) -> str:
    with pytest.raises(ArtifactUnavailable) as caught:
        stage(storage, spec)
    assert caught.value.detail.target == PATH
    assert "secret" not in str(caught.value)
    assert not blob_of(storage).exists()
    return str(caught.value)


def test_a_file_is_taken_in_over_http_and_checked(storage: StagedStorage, server: FileServer) -> None:
    stage(storage, artifact(f"{server.url}/script.sh", hashlib.sha256(CONTENT).hexdigest()))

    assert staged(storage) == CONTENT


def test_a_file_of_several_blocks_is_whole(
    storage: StagedStorage, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "BLOCK", 65_536)

    stage(storage, artifact(f"{server.url}/script.sh", hashlib.sha256(CONTENT).hexdigest()))

    assert staged(storage) == CONTENT


def test_an_empty_file_is_a_file(storage: StagedStorage) -> None:
    stage(storage, artifact("data:,"))

    assert staged(storage) == b""


def test_a_file_that_is_there_is_not_fetched_again(storage: StagedStorage, server: FileServer) -> None:
    stage(storage, artifact(f"{server.url}/script.sh"))
    server.seen.clear()

    stage(storage, artifact(f"{server.url}/script.sh"))

    assert server.seen == []


@pytest.mark.parametrize("metadata", [None, {"kilnSource": "of another template"}], ids=["no metadata", "another's"])
def test_a_blob_of_the_name_that_is_a_copy_of_something_else_is_written_over(
    storage: StagedStorage, metadata: dict[str, str] | None
) -> None:
    blob_of(storage).upload_blob(b"rm -rf /", metadata=metadata)

    stage(storage, artifact("data:,hello"))

    assert staged(storage) == b"hello"


def test_a_disk_in_the_place_of_a_script_is_not_taken_for_it(storage: StagedStorage) -> None:
    blob_of(storage).create_page_blob(512, metadata={"kilnSource": SOURCE})

    with pytest.raises(AzureFailed, match="InvalidBlobType"):
        stage(storage, artifact("data:,hello"))


@pytest.mark.parametrize("url", ["data:,hello%20you", "data:text/plain;base64,aGVsbG8geW91"])
def test_a_data_url_holds_its_own_content(storage: StagedStorage, url: str) -> None:
    stage(storage, artifact(url))

    assert staged(storage) == b"hello you"


def test_redirects_are_followed_to_an_end(storage: StagedStorage, server: FileServer) -> None:
    assert "redirects more than" in refusal(storage, artifact(f"{server.url}/loop"))
    assert "redirects from http to ftp" in refusal(storage, artifact(f"{server.url}/ftp"))

    stage(storage, artifact(f"{server.url}/moved"))

    assert staged(storage) == CONTENT


def test_a_wrong_checksum_is_named_and_the_file_is_not_kept(storage: StagedStorage, server: FileServer) -> None:
    assert "sha256Checksum says 0000" in refusal(storage, artifact(f"{server.url}/script.sh", "0" * 64))


def test_what_cannot_be_read_is_named_without_its_signature(storage: StagedStorage, server: FileServer) -> None:
    missing = refusal(storage, artifact(f"{server.url}/missing?sig=secret"))
    private = refusal(storage, artifact(f"{server.url}/private?sig=secret"))

    assert f"{server.url}/missing answered 404 Not Found." in missing
    assert "Correct the URL" in missing
    assert "answered 403 Forbidden." in private
    assert "Its signature may have expired" in private
    assert "without a browser's session" in refusal(storage, artifact(f"{server.url}/private"))


def test_a_file_beyond_the_limit_is_refused_before_and_while_it_comes(
    storage: StagedStorage, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_ARTIFACT_LIMIT_MB="1")
    server.files["/large"] = bytes(1024 * 1024 + 1)

    assert "is larger than 1 MiB, the limit for artifacts" in refusal(storage, artifact(f"{server.url}/large"))
    assert "the data URL is larger" in refusal(storage, artifact("data:," + "x" * (1024 * 1024 + 1)))


def test_a_server_that_cannot_now_is_for_another_try(storage: StagedStorage, server: FileServer) -> None:
    with pytest.raises(Busy, match="answered 503") as caught:
        stage(storage, artifact(f"{server.url}/broken?sig=secret"))
    assert "secret" not in str(caught.value)
    assert caught.value.retry_after == 0


@pytest.mark.parametrize("status", [404, 410, 451])
def test_a_file_that_is_not_there_is_told_by_what_the_server_answered(
    storage: StagedStorage, server: FileServer, status: int
) -> None:
    server.files["/gone"] = status
    assert f"answered {status}" in refusal(storage, artifact(f"{server.url}/gone?sig=secret"))


def test_a_host_that_refuses_connections_is_told_at_once(storage: StagedStorage) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        said = refusal(storage, artifact(f"{nobody}?sig=secret"))
    assert f"{PATH}: Nothing answers at {nobody}: Connection refused." in said


HOSTS = ("raw..example.com", f"{'a' * 64}.example.com", ".example.com", "xn--a", "xn--i-7iq.ws")


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_cannot_be_is_told_and_is_no_fault(storage: StagedStorage, server: FileServer, host: str) -> None:
    server.files["/astray"] = f"http://{host}/x.sh"
    assert "cannot be a host's name" in refusal(storage, artifact(f"http://{host}/x.sh"))
    assert "cannot be a host's name" in refusal(storage, artifact(f"{server.url}/astray"))


@pytest.mark.parametrize("target", ["http://[::1/x.sh", "http://a:b/x.sh"])
def test_a_redirect_to_what_is_no_url_is_told_and_is_no_fault(
    storage: StagedStorage, server: FileServer, target: str
) -> None:
    server.files["/astray"] = target
    assert PATH in refusal(storage, artifact(f"{server.url}/astray"))


class EachConnection:
    """A server's answers, by connection."""

    def __init__(self, *connections: list[bytes]) -> None:
        self._connections = iter(connections)

    def __iter__(self) -> Iterator[bytes]:
        return iter(next(self._connections))


def test_a_connection_that_breaks_is_tried_once_more_and_then_told(storage: StagedStorage) -> None:
    breaking = [HEAD + b"Content-Length: 10\r\n\r\nfour"]
    with raw_server(breaking) as port:
        assert "cannot be reached" in refusal(storage, artifact(f"http://127.0.0.1:{port}/a"))

    whole = HEAD + b"Content-Length: 4\r\n\r\nfour"
    with raw_server(EachConnection(breaking, [whole])) as port:
        stage(storage, artifact(f"http://127.0.0.1:{port}/a"))
    assert staged(storage) == b"four"


def test_a_host_that_nobody_knows_is_named(storage: StagedStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        if host == "no-such-host.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert "The host no-such-host.example is not known." in refusal(
        storage, artifact("https://no-such-host.example/file?sig=secret")
    )


def test_a_certificate_that_nobody_vouches_for_is_named(
    storage: StagedStorage, settings: InProcessAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileServer({"/file": b""}, settings.azurite.certificates) as untrusted:
        with monkeypatch.context() as context:
            context.delenv("SSL_CERT_FILE")
            message = refusal(storage, artifact(f"{untrusted.url}/file"))

        assert "The certificate of 127.0.0.1 is not trusted" in message
        stage(storage, artifact(f"{untrusted.url}/file"))


def test_a_certificate_must_be_that_of_the_name_and_not_of_the_address(
    storage: StagedStorage, settings: InProcessAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host == "files.example" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with FileServer({"/file": b""}, settings.azurite.certificates) as server:
        named = server.url.replace("127.0.0.1", "files.example")

        assert "The certificate of files.example is not trusted" in refusal(storage, artifact(f"{named}/file"))


def test_the_server_is_asked_by_its_name(
    storage: StagedStorage, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host == "files.example" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    server.seen.clear()
    named = server.host.replace("127.0.0.1", "files.example")

    stage(storage, artifact(f"http://{named}/script.sh"))

    assert server.seen[0][1]["host"] == named


def test_a_server_in_a_private_network_is_refused_with_the_setting_that_allows_it(
    storage: StagedStorage, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_PRIVATE_ARTIFACTS="")

    message = refusal(storage, artifact(f"{server.url}/script.sh?sig=secret"))

    assert "127.0.0.1 is a loopback address" in message
    assert "KILN_PRIVATE_ARTIFACTS" in message


@pytest.mark.parametrize("url", ["ftp://example.com/file", "/etc/passwd", "data:no-comma", "data:;base64,???"])
def test_a_url_of_another_kind_is_refused(storage: StagedStorage, url: str) -> None:
    refusal(storage, artifact(url))


@pytest.fixture
def private(storage: StagedStorage) -> BlobClient:
    """A blob that cannot be read without a principal's token or a signature."""
    blob = blobs.account(storage.endpoint).get_blob_client("vhds", f"{uuid.uuid4().hex}/script.sh")
    blob.upload_blob(CONTENT)
    return blob


def test_a_private_blob_is_read_as_the_templates_identity(
    storage: StagedStorage, private: BlobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_BLOB_SUFFIXES=f".blob.core.windows.net, {urlsplit(private.url).netloc}")

    assert "Give the template an identity" in refusal(storage, artifact(private.url))
    stage(storage, artifact(private.url, identity=BUILDER))

    assert staged(storage) == CONTENT


def test_a_signed_blob_is_read_by_its_signature(storage: StagedStorage, private: BlobClient) -> None:
    signed, _ = blobs.readable(private, timedelta(minutes=5))

    stage(storage, artifact(signed.reveal(), identity=f"{IDENTITIES}/nobody"))

    assert staged(storage) == CONTENT


def test_an_identity_that_the_app_has_not_is_named(
    storage: StagedStorage, private: BlobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_BLOB_SUFFIXES=urlsplit(private.url).netloc)

    message = refusal(storage, artifact(private.url, identity=f"{IDENTITIES}/nobody"))

    assert "cannot sign in as the template's identity" in message
    assert "Assign the identity to Kiln's function app." in message


def test_a_token_goes_to_no_other_host(
    storage: StagedStorage, settings: InProcessAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = settings.azurite.certificates
    with FileServer({"/file": CONTENT}, certificates) as other:
        away: dict[str, bytes | str | int] = {"/file": f"{other.url}/file", "/down": "http://127.0.0.1/file"}
        with FileServer(away, certificates) as account:
            set_settings(monkeypatch, KILN_BLOB_SUFFIXES=account.host)
            down = refusal(storage, artifact(f"{account.url}/down", identity=BUILDER))
            stage(storage, artifact(f"{account.url}/file", identity=BUILDER))

    assert "redirects from https to http" in down
    assert all("authorization" in headers for _, headers in account.seen)
    assert ["authorization" in headers for _, headers in other.seen] == [False]
