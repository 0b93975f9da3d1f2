"""docs/deploy.md agrees with the deployment, and the example of an SDK in docs/migrate.md with the sign-in there."""

from __future__ import annotations

import ast
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest
from azure.mgmt.imagebuilder import ImageBuilderClient

from kiln.template.parse import parse_template
from kiln.template.versions import LATEST
from tests.unit.infra.bicep_file import INFRA, BicepFile
from tests.unit.infra.test_settings import host, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = INFRA.parent
TEXT = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
MIGRATION = (ROOT / "docs/migrate.md").read_text(encoding="utf-8")
MAIN = BicepFile(INFRA / "main.bicep")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def leaves(node: dict[str, Any]) -> Iterator[str]:
    for name, value in node.items():
        if isinstance(value, dict) and name not in {"logLevel", "extensionBundle"}:
            yield from leaves(value)
        else:
            yield name


def test_every_parameter_is_there_with_the_variable_that_sets_it() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    variables = {name: re.findall("[A-Z_]+", item["value"])[0] for name, item in given.items()}

    listed = {row[0].strip("`"): row[1].strip("`") for row in rows("Parameters")}
    assert listed == {name: variables.get(name, "") for name in MAIN.parameters}


def test_the_defaults_are_those_of_the_main_file() -> None:
    literals = {
        name: value
        for name, value in re.findall(r"^param (\w+) \w+ = (.+)$", MAIN.text(MAIN.root), re.MULTILINE)
        if value not in {"''", "{}", "[]"}
    }

    listed = {row[0].strip("`"): row[2].strip("`") for row in rows("Parameters")}
    assert {name: listed[name] for name in literals} == {name: value.strip("'") for name, value in literals.items()}


def test_every_setting_of_the_host_is_explained() -> None:
    named = " ".join(row[0] for row in rows("host.json and app settings"))

    assert [name for name in leaves(host()) if name != "version" and name not in named] == []
    families = [name.replace("*", "") for name in re.findall(r"`([\w*]+)`", named)]
    assert [name for name in settings() if not any(name.startswith(family) for family in families)] == []


def test_the_first_image_is_a_template_that_kiln_takes() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    body = json.loads(block.replace("SUBSCRIPTION", "00000000-0000-0000-0000-000000000001"))

    assert parse_template(body, LATEST).location == "westeurope"


def test_the_variables_of_the_commands_are_put_out_by_the_main_file_or_made_before() -> None:
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
    used = set(re.findall(r"\$\{?([A-Z_]+)", commands))
    made = set(re.findall(r"^([A-Z_]+)=", commands, re.MULTILINE))
    variables = {row[1].strip("`") for row in rows("Parameters")}

    assert used <= made | set(MAIN.outputs) | variables | {"AZURE_SUBSCRIPTION_ID"}


@pytest.mark.parametrize("path", re.findall(r"`((?:infra|kiln|docs)/[\w./-]+)`", TEXT))
def test_a_path_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_python_example_sends_a_token_for_the_app_registration() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", MIGRATION, re.DOTALL)
    (call,) = (node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call) and len(node.keywords) > 1)
    names = {"endpoint": "https://kiln.example", "client_id": "c"}
    options = {item.arg or "": _value(item.value, names) for item in call.keywords}
    somebody = _Somebody()
    client = ImageBuilderClient(somebody, "s", transport=_Caught(), **options)

    with pytest.raises(_Sent) as sent:
        client.send_request(HttpRequest("GET", "/subscriptions"))
    request = sent.value.request
    assert request.url == "https://kiln.example/subscriptions"
    assert request.headers["Authorization"] == "Bearer token"
    assert somebody.scopes == ["api://c/.default"]


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "docs/migrate.md", "eval"), names)


class _Somebody:
    """A credential with a token for every scope, which remembers the scopes."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("token", int(time.time()) + 3600)


class _Sent(Exception):
    """A request would go out now."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.url)
        self.request = request


class _Caught(HttpTransport[Any, Any]):
    """Raises each request instead of sending it."""

    def send(self, request: Any, **_: Any) -> Any:
        raise _Sent(request)

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *_: object) -> None:
        """Nothing to leave."""


def test_the_price_of_waiting_is_reckoned_from_what_is_set() -> None:
    storage = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["storageProvider"]
    hours, minutes, seconds = (int(part) for part in storage["maxQueuePollingInterval"].split(":"))
    interval = (hours * 60 + minutes) * 60 + seconds
    polls = (storage["partitionCount"] + 1) * 3600 * 730 // interval  # and the queue of the activities
    memory = int(re.findall(r"^param instanceMemoryMB int = (\d+)$", MAIN.text(MAIN.root), re.MULTILINE)[0]) // 1024

    assert interval <= 10  # Microsoft's advice for Flex Consumption
    assert re.search(r"^param alwaysReadyInstances int = 1$", MAIN.text(MAIN.root), re.MULTILINE)
    assert f"{polls:,} transactions a month with {interval} s" in TEXT
    assert f"{memory * 3600 * 730:,} GB-s a month" in TEXT
