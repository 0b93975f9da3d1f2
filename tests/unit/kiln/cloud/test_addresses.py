from __future__ import annotations

import ipaddress
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud.addresses import AddressForbidden, Place
from kiln.template.special_addresses import Kind, special_kind
from tests.app_settings import set_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    Settings = Callable[..., None]

PUBLIC = "93.184.215.14"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    set_settings(
        monkeypatch,
        KILN_STATE_ENDPOINT="https://state.blob.core.windows.net",
        KILN_BLOB_SUFFIXES=".blob.core.windows.net,127.0.0.1:10000",
        KILN_PRIVATE_ARTIFACTS=None,
    )
    return partial(set_settings, monkeypatch)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names with their addresses, as the resolver would answer; others are resolved as they are."""
    known: dict[str, list[str]] = {}
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        found = [resolve(address, port, *args, **more) for address in known.get(host, [host])]
        return [entry for entries in found for entry in entries]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def addresses(url: str) -> tuple[str, ...]:
    place = Place.of(url)
    return place.addresses(place.host)


def refusal(url: str) -> str:
    with pytest.raises(AddressForbidden) as caught:
        addresses(url)
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("169.254.169.254", "the instance metadata service"),
        ("fd00:ec2::254", "an instance metadata service"),
        ("168.63.129.16", "Azure's wire server"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("fd12:3456::1", "private"),
        ("100.64.0.1", "carrier"),
        ("100.127.255.255", "carrier"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("192.0.0.192", "protocol"),
        ("192.0.2.1", "documentation"),
        ("2001:db8::1", "documentation"),
        ("198.18.0.1", "benchmarks"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:a9fe:a9fe", "the instance metadata service"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::a83f:8110", "Azure's wire server"),
        ("64:ff9b:1::1", "reserved"),
        ("2002:7f00:1::", "6to4"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "tunnel"),
        ("::127.0.0.1", "reserved"),
        ("fec0::1", "reserved"),
    ],
)
def test_what_is_not_public_is_refused_by_what_it_is(address: str, what: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert what in refusal(f"https://{host}/script.sh")


@pytest.mark.parametrize(
    "address", [PUBLIC, "172.15.255.255", "172.32.0.1", "100.63.255.255", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e"]
)
def test_what_is_public_is_free(address: str) -> None:
    assert special_kind(ipaddress.ip_address(address)) is None


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "0", "2852039166", "0xa9fea9fe", "169.254.43518"],
)
def test_an_address_in_another_spelling_is_the_same_address(host: str) -> None:
    assert "Kiln fetches" in refusal(f"http://{host}/latest/meta-data")


def test_a_name_is_judged_by_every_address_that_it_has(names: dict[str, list[str]]) -> None:
    names |= {"good.example": [PUBLIC], "rebound.example": ["127.0.0.1"], "both.example": [PUBLIC, "10.0.0.1"]}

    assert addresses("https://good.example/a") == (PUBLIC,)
    assert "rebound.example is 127.0.0.1, which is a loopback address" in refusal("https://rebound.example/a")
    assert "both.example is 10.0.0.1, which is a private address" in refusal("https://both.example/a")


def test_the_operator_names_who_may_be_private(names: dict[str, list[str]], settings: Settings) -> None:
    names |= {"nexus.corp": ["10.1.2.3"], "a.lab.corp": ["192.168.7.1"], "other.corp": ["10.2.0.1"]}
    settings(KILN_PRIVATE_ARTIFACTS="Nexus.corp, .lab.corp,10.2.0.0/16,10.9.9.9:8081, fd00:1::/32")

    assert addresses("http://nexus.corp/a") == ("10.1.2.3",)
    assert addresses("http://nexus.corp:81/a") == ("10.1.2.3",)
    assert addresses("http://a.lab.corp/a") == ("192.168.7.1",)
    assert addresses("http://other.corp/a") == ("10.2.0.1",)
    assert addresses("http://10.9.9.9:8081/a") == ("10.9.9.9",)
    assert addresses("http://[fd00:1::5]/a") == ("fd00:1::5",)
    assert "KILN_PRIVATE_ARTIFACTS" not in refusal("http://169.254.169.254/metadata")
    assert "unless its operator allows" in refusal("http://10.9.9.9/a")
    assert "unless its operator allows" in refusal("http://10.3.0.1/a")


def test_nobody_can_open_the_metadata_service(settings: Settings, names: dict[str, list[str]]) -> None:
    names["imds.corp"] = ["169.254.169.254"]
    settings(KILN_PRIVATE_ARTIFACTS="imds.corp,169.254.169.254,0.0.0.0/0,::/0,.blob.core.windows.net")

    for url in ("http://imds.corp/", "http://169.254.169.254/", "http://168.63.129.16/", "http://[fd00:ec2::254]/"):
        assert "fetches nothing there" in refusal(url)


def test_an_account_of_azure_storage_may_have_a_private_endpoint_over_https(names: dict[str, list[str]]) -> None:
    host = "account.blob.core.windows.net"
    names |= {host: ["10.0.0.7"], f"x{host}": ["127.0.0.1"], f"y{host}": ["169.254.169.254"]}

    assert addresses(f"https://{host}/c/b") == ("10.0.0.7",)
    assert "private" in refusal(f"http://{host}/c/b")
    assert "loopback" in refusal(f"https://x{host}/c/b")
    assert "metadata" in refusal(f"https://y{host}/c/b")
    assert "private" in refusal("https://10.0.0.7/c/b")


def test_a_storage_emulator_that_the_settings_name_is_where_they_say() -> None:
    assert Place.of("https://127.0.0.1:10000/c/b").open_kinds == {Kind.PRIVATE, Kind.LOOPBACK}
    assert "loopback" in refusal("http://127.0.0.1:10000/c/b")
    assert "loopback" in refusal("https://127.0.0.1:10001/c/b")


@pytest.mark.parametrize("port", [1, 22, 25, 445, 1023])
def test_a_port_of_another_protocol_is_refused(port: int) -> None:
    assert f"good.example:{port} has a port that Kiln does not fetch from" in refusal(f"http://good.example:{port}/a")


@pytest.mark.parametrize("url", ["https://good.example:99999/a", "ftp://good.example/a", "https://a.example:b/"])
def test_a_port_or_scheme_that_is_none_is_refused(url: str) -> None:
    assert "has an invalid scheme or port" in refusal(url)


@pytest.mark.parametrize("url", ["https://user@good.example/a", "https://u:p@good.example/", "https://@good.example/"])
def test_a_users_name_before_the_host_is_refused_and_not_repeated(url: str) -> None:
    assert refusal(url) == "The URL of good.example has a user name before the host."


def test_a_host_that_the_client_reads_in_another_way_is_refused() -> None:
    with pytest.raises(AddressForbidden, match="is ambiguous"):
        Place.of("https://account.blob.core.windows.net/a").addresses("127.0.0.1")
