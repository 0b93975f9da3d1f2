from __future__ import annotations

import pytest

from kiln.blobs import account_url


@pytest.mark.parametrize(
    ("blob", "account"),
    [
        (
            "https://kilnabc.blob.core.windows.net/packerlogs/20261122-022112-3f9c8a1b/customization.log",
            "https://kilnabc.blob.core.windows.net",
        ),
        ("https://127.0.0.1:10000/kilnabc/vhds/web/disk.vhd", "https://127.0.0.1:10000/kilnabc"),
        ("https://127.0.0.1:10000/vhds/vhds/vhds.vhd", "https://127.0.0.1:10000/vhds"),
        ("https://kilnabc.blob.core.windows.net/vhds/a%20name.vhd", "https://kilnabc.blob.core.windows.net"),
    ],
)
def test_a_blobs_account_is_found_in_both_forms_of_urls(blob: str, account: str) -> None:
    assert account_url(blob) == account
