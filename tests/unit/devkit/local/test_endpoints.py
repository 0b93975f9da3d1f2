from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.local.endpoints import Endpoints, port_of

if TYPE_CHECKING:
    from pathlib import Path


def test_endpoints_survive_in_the_data_folder(tmp_path: Path) -> None:
    endpoints = Endpoints("http://127.0.0.1:1", "https://127.0.0.1:2", "https://127.0.0.1:3", "/tls/ca.pem")
    endpoints.save(tmp_path)
    assert Endpoints.load(tmp_path) == endpoints


def test_a_new_data_folder_has_no_endpoints(tmp_path: Path) -> None:
    assert Endpoints.load(tmp_path) is None


def test_the_port_of_a_url_is_its_number() -> None:
    assert port_of("https://127.0.0.1:7072") == 7072


def test_a_url_without_a_port_is_refused() -> None:
    with pytest.raises(ValueError, match="names no port"):
        port_of("https://management.azure.com")
