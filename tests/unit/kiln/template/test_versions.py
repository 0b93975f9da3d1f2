from __future__ import annotations

import pytest

from kiln.errors import RequestInvalid
from kiln.template.versions import API_VERSIONS, check_api_version, nearest_api_version


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("2018-02-01-preview", "2020-02-14"),
        ("2019-05-01-preview", "2020-02-14"),
        ("2023-01-01", "2023-07-01"),
        ("2030-01-01", "2025-10-01"),
        ("latest", "2025-10-01"),
        ("", "2025-10-01"),
        ("2022-07-01", "2022-07-01"),
    ],
)
def test_the_nearest_api_version_is_nearest_by_date(given: str, nearest: str) -> None:
    assert nearest_api_version(given) == nearest


@pytest.mark.parametrize("known", API_VERSIONS)
def test_a_supported_api_version_is_taken(known: str) -> None:
    assert check_api_version(known) == known


def test_a_preview_is_refused_by_name() -> None:
    with pytest.raises(
        RequestInvalid, match="a preview, which Kiln does not support; the nearest supported one is 2020-02-14"
    ):
        check_api_version("2019-05-01-preview")


def test_an_unknown_api_version_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="not supported; the nearest supported one is 2024-02-01"):
        check_api_version("2024-03-01")
