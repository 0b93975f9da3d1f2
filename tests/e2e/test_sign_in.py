"""Sign-in to a local Kiln: its user with the `kiln` command, others with a token for a role, nobody without."""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.app import API, REPOSITORY, SUBSCRIPTION
from tests.e2e.local_kiln import ANY_PORTS, KILN, SECONDS, LocalKiln, kiln, local_kiln

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = REPOSITORY / "examples" / "hello-linux.json"
LIST = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages/imageTemplates"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKiln]:
    with local_kiln(tmp_path_factory.mktemp("signed-in"), *ANY_PORTS) as running:
        running.ready()
        yield running


def ask(local: LocalKiln, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    where = local.endpoints()
    trust = ssl.create_default_context(cafile=where["ca"])
    return httpx.request(method, f"{where['host']}{path}", params=API, headers=headers, verify=trust, trust_env=False)


def kiln_with(token: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KILN_TOKEN": token}
    command = [str(KILN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)


def local_token(local: LocalKiln, *options: str) -> str:
    made = kiln("local", "token", "--data", local.data, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_nobody_gets_in_without_a_token_and_is_told_where_to_get_one(local: LocalKiln) -> None:
    for headers in ({}, {"X-MS-CLIENT-PRINCIPAL": "e30="}, {"Authorization": "Bearer anything"}):
        refused = ask(local, LIST, **headers)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] in {"AuthenticationFailed", "InvalidAuthenticationToken"}
        assert f'authorization_uri="{local.endpoints()["azure"]}/' in refused.headers["WWW-Authenticate"]
    assert ask(local, "/runtime/webhooks/durabletask/instances").status_code == 401


def test_the_command_signs_in_by_itself_and_other_clients_with_a_token(local: LocalKiln) -> None:
    listed = kiln("list", "--endpoint", local.endpoints()["host"])
    assert (listed.returncode, listed.stdout) == (0, "No templates in rg-images.\n"), listed.stderr
    answer = ask(local, LIST, Authorization=f"Bearer {local_token(local)}")
    assert (answer.status_code, answer.json()) == (200, {"value": []})


def test_a_reader_may_look_and_no_more(local: LocalKiln) -> None:
    token = local_token(local, "--role", "Kiln.Reader")
    where = ("--endpoint", local.endpoints()["host"])
    assert kiln_with(token, "list", *where).returncode == 0
    refused = kiln_with(token, "build", EXAMPLE, *where)
    assert refused.returncode == 1
    assert "AuthorizationFailed" in refused.stderr
    assert "Ask the people who run this Kiln" in refused.stderr


def test_over_plain_http_the_command_sends_nothing_and_says_so(local: LocalKiln) -> None:
    plain = local.endpoints()["host"].replace("https:", "http:")
    refused = kiln_with(local_token(local), "list", "--endpoint", plain)
    assert refused.returncode == 1
    assert "Over plain http no token is ever sent" in refused.stderr


def test_a_token_of_another_authority_is_not_taken_and_the_command_says_what_to_do(local: LocalKiln) -> None:
    refused = kiln_with("not.a.token", "list", "--endpoint", local.endpoints()["host"])
    assert refused.returncode == 1
    assert "The token in KILN_TOKEN is not accepted" in refused.stderr
