from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln import config
from kiln.cloud.downloads import is_signed, may_have_token

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KILN_STATE_ENDPOINT", "https://state.blob.core.windows.net")
    monkeypatch.setenv("KILN_BLOB_SUFFIXES", ".blob.core.windows.net,127.0.0.1:10000")
    config.config.cache_clear()
    yield
    config.config.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "https://account.blob.core.windows.net/container/blob",
        "https://ACCOUNT.Blob.Core.Windows.NET/container/blob",
        "https://127.0.0.1:10000/account/container/blob",
    ],
)
def test_azure_storage_gets_a_token(url: str) -> None:
    assert may_have_token(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://account.blob.core.windows.net/container/blob",
        "https://blob.core.windows.net.example.com/blob",
        "https://account.blob.core.windows.net@example.com/blob",
        "https://example.com/account.blob.core.windows.net",
        "https://notblob.core.windows.net/blob",
        "https://127.0.0.1:10001/blob",
        "https://127.0.0.1/blob",
    ],
)
def test_nobody_else_does(url: str) -> None:
    assert not may_have_token(url)


def test_a_signature_is_seen_in_the_query_alone() -> None:
    assert is_signed("https://account.blob.core.windows.net/c/b?sv=2023&sig=abc%3D")
    assert not is_signed("https://account.blob.core.windows.net/c/sig=b?snapshot=1")
