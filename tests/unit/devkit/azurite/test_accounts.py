from __future__ import annotations

import base64
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from devkit.azurite import AzuriteAccounts


def accounts_in(folder: Path) -> AzuriteAccounts:
    return AzuriteAccounts(folder / "accounts", origin="https://127.0.0.1:10000", ca_file=folder / "ca.pem")


def create_many(folder: str, prefix: str) -> None:
    accounts = accounts_in(Path(folder))
    for number in range(20):
        accounts.create(f"{prefix}{number}")


def test_an_account_keeps_its_key_when_made_again(tmp_path: Path) -> None:
    key = accounts_in(tmp_path).create("images")
    assert accounts_in(tmp_path).create("images") == key
    assert len(base64.b64decode(key)) == 64


def test_accounts_have_different_keys(tmp_path: Path) -> None:
    accounts = accounts_in(tmp_path)
    assert accounts.create("one") != accounts.create("two")


def test_the_file_has_the_format_that_azurite_reads_and_is_private(tmp_path: Path) -> None:
    accounts = accounts_in(tmp_path)
    one, two = accounts.create("one"), accounts.create("two")
    assert accounts.file.read_text() == f"one:{one};two:{two}"
    assert stat.S_IMODE(accounts.file.stat().st_mode) == 0o600


def test_a_deleted_account_comes_back_with_another_key(tmp_path: Path) -> None:
    accounts = accounts_in(tmp_path)
    key = accounts.create("images")
    accounts.delete("images")
    assert accounts.names() == []
    assert accounts.create("images") != key


def test_deleting_an_account_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    accounts = accounts_in(tmp_path)
    accounts.create("images")
    before = accounts.file.stat()
    accounts.delete("other")
    assert accounts.file.stat() == before


@pytest.mark.parametrize("name", ["", "ab", "Upper", "semi;colon", "co:lon", "x" * 25, "new\nline"])
def test_a_name_that_azure_would_not_allow_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="3 to 24 lowercase letters and digits"):
        accounts_in(tmp_path).create(name)


def test_an_endpoint_has_the_account_as_first_segment(tmp_path: Path) -> None:
    assert accounts_in(tmp_path).endpoint("images") == "https://127.0.0.1:10000/images"


def test_two_processes_lose_none_of_each_others_accounts(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(create_many, str(tmp_path), prefix) for prefix in ("left", "right")]:
            done.result()
    assert len(accounts_in(tmp_path).names()) == 40
