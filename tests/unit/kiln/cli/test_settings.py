from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.cli.faults import UsageFailure
from kiln.cli.trust import Trust
from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / name for name in ("a.pem", "b.pem", "c.pem", "d.pem")]
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def test_the_option_comes_before_the_variables_and_these_in_their_order(files: list[str]) -> None:
    environment = {"KILN_CA_FILE": files[1], "REQUESTS_CA_BUNDLE": files[2], "SSL_CERT_FILE": files[3]}

    assert Trust.read(files[0], environment) == Trust(files[0], "--ca-file")
    for name in ("KILN_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        assert Trust.read(None, environment) == Trust(environment.pop(name), name)
    assert Trust.read(None, environment).file is None


def test_a_file_that_is_not_there_is_named_with_who_named_it() -> None:
    with pytest.raises(UsageFailure, match=r"KILN_CA_FILE names /no/such\.pem, which does not exist"):
        Trust.read(None, {"KILN_CA_FILE": "/no/such.pem"})


def test_an_endpoint_that_is_no_url_is_refused() -> None:
    result = run("list", "--endpoint", "127.0.0.1:7071", kiln=FakeKiln())

    assert result.exit_code == 2
    assert "--endpoint 127.0.0.1:7071 is not a URL" in result.stderr
