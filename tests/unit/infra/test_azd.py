"""azure.yaml, the parameters and the hooks fit the Bicep files, and the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from devkit.local.eventing import GALLERY_WRITES
from tests.unit.infra.bicep_file import INFRA, BicepFile

if TYPE_CHECKING:
    from pathlib import Path

ROOT = INFRA.parent
MAIN = BicepFile(INFRA / "main.bicep")
EVENTS = BicepFile(INFRA / "events.bicep")
HOOKS = sorted((INFRA / "hooks").iterdir())
OF_AZD = {"AZURE_SUBSCRIPTION_ID"}
"""Settings that azd sets by itself."""


def project() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    return read


def test_the_service_is_the_function_app_that_is_tagged_for_it() -> None:
    app = BicepFile(INFRA / "modules/app.bicep")

    assert project()["services"] == {"kiln": {"project": ".", "language": "python", "host": "function"}}
    assert "'azd-service-name': 'kiln'" in app.text(app.root)


def test_the_hooks_are_there_and_can_be_run() -> None:
    named = {ROOT / hook["run"] for hook in project()["hooks"]["postdeploy"].values()}

    assert named == set(HOOKS)
    assert all(os.access(path, os.X_OK) for path in named if path.suffix == ".sh")


def test_the_parameters_are_those_of_the_main_file() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    required = {item.name for item in MAIN.parameters.values() if item.required}

    assert required <= set(given) <= set(MAIN.parameters)
    assert all(re.fullmatch(r"\$\{[A-Z_]+(=(\[\])?)?\}", item["value"]) for item in given.values())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda path: path.name)
def test_a_hook_uses_variables_that_the_main_file_puts_out_and_gives_parameters_that_are_there(hook: Path) -> None:
    text = hook.read_text(encoding="utf-8")
    used = set(re.findall(r"\b((?:AZURE|KILN)_[A-Z_]+)\b", text))
    given = set(re.findall(r"\b(\w+)=\"?\$", text)) & set(EVENTS.parameters)

    assert used <= set(MAIN.outputs) | OF_AZD
    assert {item.name for item in EVENTS.parameters.values() if item.required} <= given


def test_events_go_to_the_functions_that_take_them() -> None:
    decorated = re.findall(
        r"@bp\.event_grid_trigger\(.*?\bdef (\w+)\(",
        "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "triggers").glob("*.py")),
        re.DOTALL,
    )
    defaults = re.findall(r"^param functionName string = '(\w+)'$", EVENTS.text(EVENTS.root), re.MULTILINE)
    named = [re.findall(r"^\$?function_?[nN]ame ?= ?'?(\w+)'?$", hook.read_text(), re.MULTILINE) for hook in HOOKS]

    assert decorated == defaults == ["on_event"]
    assert named == [["on_event"], ["on_event"]]


def run_hook(tmp_path: Path, az: str) -> tuple[int, str, list[str]]:
    """Run the hook with another `az`, and with no time between its tries. Return exit code, output and calls."""
    for name, script in {"az": f'echo "$@" >> "$CALLS"\n{az}', "sleep": "exit 0"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "KILN_APP_NAME", "KILN_TOPIC_NAME", "KILN_STORAGE_NAME")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
    environment |= {name: name.lower() for name in names}
    hook = INFRA / "hooks/connect-events.sh"
    done = subprocess.run(["sh", hook], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, (tmp_path / "calls").read_text().splitlines()


def test_the_hook_waits_for_the_function_and_deploys_what_connects_it(tmp_path: Path) -> None:
    az = '[ "$1" = functionapp ] && [ "$(wc -l < "$CALLS")" -gt 2 ] && echo func/on_event; exit 0'

    code, output, calls = run_hook(tmp_path, az)

    assert code == 0, output
    assert [call.split()[0] for call in calls] == ["functionapp"] * 3 + ["eventgrid", "deployment"]
    assert "--template-file infra/events.bicep" in calls[-1]
    assert "appName=kiln_app_name topicName=kiln_topic_name storageName=kiln_storage_name" in calls[-1]
    assert calls[-1].endswith("functionName=on_event systemTopicId=")


TOPIC_OF_ANOTHER = """
[ "$1" = functionapp ] && echo func/on_event
[ "$1" = eventgrid ] && printf '/subscriptions/x\\t/wrong\\n/SUBSCRIPTIONS/azure_subscription_id\\t/right/id\\n'
exit 0
"""


def test_the_hook_uses_the_system_topic_that_the_subscription_has(tmp_path: Path) -> None:
    code, output, calls = run_hook(tmp_path, TOPIC_OF_ANOTHER)

    assert code == 0, output
    assert calls[-1].endswith("systemTopicId=/right/id")


def test_the_hook_fails_when_the_system_topics_cannot_be_listed(tmp_path: Path) -> None:
    az = '[ "$1" = eventgrid ] && exit 4; [ "$1" = functionapp ] && echo func/on_event; exit 0'
    code, _, calls = run_hook(tmp_path, az)

    assert code == 4
    assert not any(call.startswith("deployment") for call in calls)


def test_the_system_topic_is_made_only_where_there_is_none() -> None:
    text = EVENTS.text(EVENTS.root)
    (module,) = EVENTS.modules
    names = ("scope", "params.topicName", "params.name")
    given = {name: EVENTS.property(module.body, *name.split(".")) for name in names}

    assert re.search(r"systemTopics@[\d-]+' = if \(empty\(systemTopicId\)\) \{", text)
    assert {name: EVENTS.text(node) for name, node in given.items() if node is not None} == {
        "scope": "resourceGroup(empty(systemTopicId) ? resourceGroup().name : split(systemTopicId, '/')[4])",
        "params.topicName": "empty(systemTopicId) ? ownSystemTopic : last(split(systemTopicId, '/'))",
        "params.name": "'kiln-gallery-versions-${uniqueString(app.id)}'",  # two Kilns, one topic
    }


def test_a_local_kiln_names_its_event_subscription_as_a_deployed_one() -> None:
    (module,) = EVENTS.modules
    name = EVENTS.property(module.body, "params", "name")
    assert name is not None
    form = EVENTS.text(name).strip("'").replace("${uniqueString(app.id)}", "[0-9a-z]{13}")

    assert re.fullmatch(form, GALLERY_WRITES)


COMMANDS = ["deployment group create", "eventgrid system-topic list", "functionapp function list"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda path: path.name)
def test_both_hooks_ask_for_the_same(hook: Path) -> None:
    text = hook.read_text(encoding="utf-8")

    assert sorted(set(re.findall(r"\baz ((?:[a-z-]+ )*(?:list|create))\b", text))) == COMMANDS
    given = set(re.findall(r"\b(\w+)=\"?\$", text)) & set(EVENTS.parameters)
    assert given == set(EVENTS.parameters) - {"deadLetterContainer", "tags"}


def test_the_hook_gives_up_on_an_app_without_the_function(tmp_path: Path) -> None:
    code, output, calls = run_hook(tmp_path, "exit 0")

    assert code == 1
    assert "shows no function on_event" in output
    assert not any(call.startswith("deployment") for call in calls)


def test_the_hook_fails_when_the_deployment_does(tmp_path: Path) -> None:
    code, _, _ = run_hook(tmp_path, '[ "$1" = functionapp ] && echo func/on_event && exit 0; exit 3')

    assert code == 3
