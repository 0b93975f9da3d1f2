from __future__ import annotations

import pytest

from kiln.blob_urls import parts

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
