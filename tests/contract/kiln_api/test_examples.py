"""Every shipped example over the API: taken as it is, and shown as each api-version's specification has it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from kiln.ids import TemplateId
from kiln.template.versions import API_VERSIONS, LATEST
from tests.app_settings import set_settings
from tests.contract.kiln_api.conftest import REPOSITORY, SUBSCRIPTION
from tests.contract.kiln_api.in_process import Api

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.usefixtures("reach", "no_throttle")
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.json"))
VHDS = "https://examplevhds.blob.core.windows.net/images"


@pytest.fixture
def reach(azure_environment: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - set first
    """Let templates name what the examples name: the subscription's own, and one container of another account."""
    resources = [f"/subscriptions/{SUBSCRIPTION}", VHDS]
    set_settings(monkeypatch, KILN_REACH=json.dumps([{"templates": "/", "resources": resources}]))


@pytest.mark.parametrize("example", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_an_example_is_taken_and_shown_at_every_api_version(example: Path) -> None:
    body = json.loads(example.read_text(encoding="utf-8"))
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web").arm
    made = Api()("PUT", name, body)
    assert made.status == 201, made.body

    shown = {version: Api(api_version=version)("GET", name) for version in API_VERSIONS}

    assert {answer.status for answer in shown.values()} == {200}
    assert {key: shown[LATEST].body[key] for key in body if key != "properties"} == {
        key: value for key, value in body.items() if key != "properties"
    }
