"""Look-ups of VHDs' URLs at submission: every slip in one is told at its place."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud import vhd_places
from kiln.template.parse import parse_for_build
from tests.contract.kiln_cloud.building import body_with
from tests.contract.kiln_cloud.vhds import new_container

if TYPE_CHECKING:
    from kiln.errors import BuildError

pytestmark = pytest.mark.usefixtures("settings")


def problems(*uris: str) -> list[BuildError]:
    targets = [{"type": "VHD", "runOutputName": f"v{at}", "uri": uri} for at, uri in enumerate(uris)]
    return vhd_places.check(parse_for_build(body_with(distribute=targets)))


def test_a_container_that_is_there_is_fine_as_are_blobs_and_folders_in_it() -> None:
    container = new_container().url

    assert problems(container, f"{container}/", f"{container}/a/golden.vhd", "") == []


def test_what_is_not_there_is_told_at_its_place() -> None:
    container = new_container().url

    first, second, third = problems(
        f"{container}-not/x.vhd", container, f"{container}-Odd", "https://example.com/c/x.vhd"
    )

    assert first.detail.target == "properties.distribute[0].uri"
    assert "has no container images-not" in first.detail.message
    assert first.detail.hint == "Create it first."
    assert second.detail.target == "properties.distribute[2].uri"
    assert third.detail.target == "properties.distribute[3].uri"
    assert "example.com is not a host of Azure Storage" in third.detail.message


def test_an_account_that_nobody_knows_is_told_without_trying_long(monkeypatch: pytest.MonkeyPatch) -> None:
    container = new_container().url

    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    (problem,) = problems(container)

    assert "is not known" in problem.detail.message
