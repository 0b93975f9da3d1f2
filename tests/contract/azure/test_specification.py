"""The judge itself, where Microsoft's specifications are at hand: it agrees with their own examples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from devkit.specification import Exchange, Recorder, Specifications, check_exchange
from kiln.cloud import clients
from tests.contract.azure.harness import SEEDED, Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure

_IMAGE_BUILDER = "Microsoft.VirtualMachineImages"


@pytest.fixture
def judge(specifications: Specifications | None) -> Specifications:
    if specifications is None:
        pytest.skip("this machine does not have Microsoft's specifications")
    return specifications


def examples(judge: Specifications, namespace: str, version: str) -> Iterator[Exchange]:
    """Make the exchanges that the example files of a provider's specification show."""
    for file in judge.documents.of(namespace, version):
        for path, item in judge.documents.read(file).get("paths", {}).items():
            for method, operation in item.items():
                for example in operation.get("x-ms-examples", {}).values():
                    shown = json.loads((file.parent / example["$ref"]).read_text(encoding="utf-8-sig"))
                    yield from _exchanges(method, path, shown)


def _exchanges(method: str, path: str, shown: dict[str, Any]) -> Iterator[Exchange]:
    values = {name: value for name, value in shown["parameters"].items() if isinstance(value, str)}
    bodies = [value for value in shown["parameters"].values() if isinstance(value, dict)]
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    target = f"{path}?{urlencode({'api-version': values['api-version']})}"
    for status, answer in shown["responses"].items():
        headers = {"location": "https://management.azure.com/example"}
        yield Exchange(method.upper(), target, int(status), next(iter(bodies), None), answer.get("body"), headers)


def test_microsofts_own_examples_are_as_microsofts_specifications_have_them(judge: Specifications) -> None:
    judged = 0
    for version in judge.documents.versions(_IMAGE_BUILDER):
        if "preview" in version:  # their examples contradict them: 202 for a GET, `tags` on a distributor
            continue
        for exchange in examples(judge, _IMAGE_BUILDER, version):
            check_exchange(judge, exchange)
            judged += 1
    assert judged > 100


def test_every_version_at_which_kiln_asks_azure_is_stored(judge: Specifications) -> None:
    asked = {
        "Microsoft.Resources": clients.RESOURCES,
        "Microsoft.Network": clients.NETWORK,
        "Microsoft.Storage": clients.STORAGE,
        "Microsoft.Compute": clients.COMPUTE,
    }
    for namespace, version in asked.items():
        assert judge.documents.of(namespace, version), (namespace, version)


def test_an_answer_that_azure_would_not_give_is_told_of(cloud: Harness, judge: Specifications) -> None:
    cloud.http("GET", SEEDED)
    (seen,) = cloud.recorder.take()
    check_exchange(judge, seen)
    spoiled = Exchange(seen.method, seen.target, seen.status, answer={**seen.answer, "colour": "red"})
    with pytest.raises(AssertionError, match=r"ResourceGroups_Get: answer colour: not in the specification"):
        check_exchange(judge, spoiled)


def test_the_local_azure_of_all_other_tests_is_judged(
    local_azure: InProcessAzure, recorder: Recorder, judge: Specifications
) -> None:
    wrong = local_azure.http_url + SEEDED
    headers, query = {"Authorization": "Bearer x"}, {"api-version": clients.RESOURCES, "colour": "red"}
    httpx.get(wrong, headers=headers, params=query, trust_env=False).raise_for_status()
    assert [violation.where for violation in recorder.judged(judge)] == ["query colour"]


def test_credentials_are_not_recorded(cloud: Harness) -> None:
    cloud.http("GET", SEEDED, headers={"Authorization": "Bearer planted-Secret-5"})
    (seen,) = cloud.recorder.take()
    assert seen.status == 200
    assert "planted-Secret-5" not in repr(vars(seen))


def test_the_control_plane_is_not_judged(cloud: Harness, tmp_path: Path) -> None:
    httpx.get(f"{cloud.url}/_local/requests", trust_env=False).raise_for_status()
    assert cloud.recorder.take() == []
    assert Recorder().judged(Specifications(tmp_path)) == []
