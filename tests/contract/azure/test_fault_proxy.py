"""The proxy before Azurite, met by the client that Kiln has: Azure's own SDK."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceResponseError
from azure.storage.blob import BlobServiceClient

from devkit.azurite.fault_proxy import FaultProxy
from tests.unit.devkit.azurite.unsigned import UnsignedCredential

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient

    from devkit.azurite import Azurite

ACCOUNT = "proxied"


@pytest.fixture(scope="module")
def proxy(azurite: Azurite) -> Iterator[FaultProxy]:
    with FaultProxy(azurite.accounts.origin, azurite.certificates) as running:
        yield running


@pytest.fixture
def container(azurite: Azurite, proxy: FaultProxy) -> Iterator[ContainerClient]:
    azurite.accounts.create(ACCOUNT)
    proxy.faults.replace([])
    with BlobServiceClient(
        f"{proxy.origin}/{ACCOUNT}",
        credential=UnsignedCredential(),
        connection_verify=str(azurite.certificates.ca),
        retry_total=0,
        read_timeout=2,
    ) as service:
        made = service.get_container_client("box")
        if not made.exists():
            made.create_container()
        yield made


def rule(method: str, **what: object) -> list[object]:
    return [{"method": method, "path": f"/{ACCOUNT}/box/*", **what}]


def test_blobs_pass_as_they_are(container: ContainerClient) -> None:
    container.upload_blob("plain", b"content", overwrite=True)
    assert container.download_blob("plain").readall() == b"content"
    assert container.get_blob_client("plain").get_blob_properties().size == 7
    assert not container.get_blob_client("missing").exists()


def test_a_refusal_has_the_services_form_and_happens_as_often_as_it_is_to(
    container: ContainerClient, proxy: FaultProxy
) -> None:
    proxy.faults.replace(rule("PUT", status=403, code="AuthorizationPermissionMismatch", message="no <role>"))
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("refused", b"x", overwrite=True)
    assert refused.value.status_code == 403
    assert getattr(refused.value, "error_code", None) == "AuthorizationPermissionMismatch"
    assert "no <role>" in str(refused.value)
    container.upload_blob("refused", b"x", overwrite=True)
    assert proxy.faults.show()[0]["fired"] == 1


def test_a_refusal_of_a_head_tells_its_code_in_a_header(container: ContainerClient, proxy: FaultProxy) -> None:
    proxy.faults.replace(rule("HEAD", status=404, code="BlobNotFound"))
    with pytest.raises(ResourceNotFoundError) as refused:
        container.get_blob_client("plain").get_blob_properties()
    assert getattr(refused.value, "error_code", None) == "BlobNotFound"


@pytest.mark.parametrize(
    ("what", "there"), [({"drop": "before"}, False), ({"drop": "after"}, True), ({"hold": 4}, True)]
)
def test_an_answer_is_lost_before_the_effect_or_after_it(
    container: ContainerClient, proxy: FaultProxy, what: dict[str, object], *, there: bool
) -> None:
    name = f"lost-{'-'.join(map(str, what.values()))}"
    proxy.faults.replace(rule("PUT", **what))
    with pytest.raises(ServiceResponseError):
        container.upload_blob(name, b"x", overwrite=True)
    assert container.get_blob_client(name).exists() is there


def test_an_answer_is_another_or_broken_off(container: ContainerClient, proxy: FaultProxy) -> None:
    container.upload_blob("whole", b"content", overwrite=True)
    proxy.faults.replace([*rule("GET", body="<html>"), *rule("GET", truncate=3, nth=2)])
    url = f"{proxy.origin}/{ACCOUNT}/box/whole"
    headers = {"User-Agent": "azsdk-test"}
    with httpx.Client(verify=False, trust_env=False, headers=headers) as client:
        assert client.get(url).text == "<html>"
        assert len(client.get(url).content) == 3


def test_who_is_no_sdk_meets_no_rule(proxy: FaultProxy) -> None:
    proxy.faults.replace(rule("*", status=503, times=0))
    with httpx.Client(verify=False, trust_env=False) as client:
        assert client.get(f"{proxy.origin}/{ACCOUNT}/box/plain").status_code != 503
    assert proxy.faults.show()[0]["met"] == 0


def test_where_nobody_is_behind_it_clients_see_no_answer_either(azurite: Azurite) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"https://127.0.0.1:{closed.getsockname()[1]}"
        with FaultProxy(gone, azurite.certificates) as running, httpx.Client(verify=False, trust_env=False) as client:
            for agent in ("azsdk-test", "another"):
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get(f"{running.origin}/{ACCOUNT}/box", headers={"User-Agent": agent})
