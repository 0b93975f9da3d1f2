from __future__ import annotations

import pytest

from kiln.cloud.blob_tokens import is_signed, may_have_token
from tests.app_settings import set_settings


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    suffixes = ".blob.core.windows.net,127.0.0.1:10000"
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state.blob.core.windows.net", KILN_BLOB_SUFFIXES=suffixes)


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
