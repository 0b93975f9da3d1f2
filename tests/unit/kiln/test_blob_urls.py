from __future__ import annotations

import pytest

from kiln.blob_urls import is_staging, parts
from kiln.planner.names import storage_account

KILN = "https://kilnabc.blob.core.windows.net"
EMULATOR = "https://127.0.0.1:10000/kilnabc"


@pytest.mark.parametrize(
    ("url", "account", "container", "blob"),
    [
        (f"{KILN}/packerlogs/run/customization.log", KILN, "packerlogs", "run/customization.log"),
        (f"{KILN}/vhds/a%20name.vhd?sv=2024", KILN, "vhds", "a name.vhd"),
        (f"{KILN}/vhds/folder/", KILN, "vhds", "folder/"),
        (f"{KILN}/vhds", KILN, "vhds", ""),
        (f"{KILN}/", KILN, "", ""),
        (f"{EMULATOR}/vhds/web/disk.vhd", EMULATOR, "vhds", "web/disk.vhd"),
        (f"{EMULATOR}/vhds", EMULATOR, "vhds", ""),
        ("https://127.0.0.1:10000/vhds/vhds/vhds.vhd", "https://127.0.0.1:10000/vhds", "vhds", "vhds.vhd"),
        ("http://localhost:10000/a/c/b", "http://localhost:10000/a", "c", "b"),
        ("https://[::1]:10000/a/c/b", "https://[::1]:10000/a", "c", "b"),
        (
            "https://kilnabc.z01.blob.storage.azure.net/vhds/web/disk.vhd",
            "https://kilnabc.z01.blob.storage.azure.net",
            "vhds",
            "web/disk.vhd",
        ),
    ],
)
def test_a_url_names_account_container_and_blob(url: str, account: str, container: str, blob: str) -> None:
    assert parts(url) == (account, container, blob)


@pytest.mark.parametrize(
    "url",
    [
        "https://{}.blob.core.windows.net/vhds/a.vhd",
        "https://{}-secondary.blob.core.windows.net/vhds",
        "https://{}.z1.blob.storage.azure.net/c",
        "https://127.0.0.1:10000/{}/vhds/a.vhd",
    ],
)
def test_a_staging_account_is_known_by_its_name(url: str) -> None:
    account = storage_account("00000000-0000-0000-0000-000000000001", "IT_rg_web")

    assert is_staging(url.format(account))
    assert is_staging(url.format(account.upper()))
    assert not is_staging(url.format("kilnimages"))
    assert not is_staging(url.format(f"{account}0"))
