from __future__ import annotations

import json
import os
import re
import tomllib

import pytest

from tests.unit.project.files import ROOT, read, read_yaml, tracked

WORKFLOWS = [path for path in tracked() if path.startswith(".github/workflows/")]
FORMS = [path for path in tracked() if path.startswith(".github/ISSUE_TEMPLATE/") and not path.endswith("config.yml")]
ECOSYSTEMS = {"pip": "requirements.in", "npm": "package-lock.json", "github-actions": ".github/workflows/ci.yml"}
ELEMENTS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def test_ci_runs_the_gate_and_the_quick_tests_and_nothing_else() -> None:
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}

    assert commands == {"gate": [".ci/run"], "unit": [".ci/run unit"]}
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_quick_tests_run_on_the_oldest_and_the_newest_python() -> None:
    matrix = read_yaml(".github/workflows/ci.yml")["jobs"]["unit"]["strategy"]["matrix"]["python"]
    classifiers = tomllib.loads(read("pyproject.toml"))["project"]["classifiers"]
    named = [name.rpartition(" ")[2] for name in classifiers if re.search(r":: 3\.\d+$", name)]

    assert matrix == [named[0], named[-1]]


def test_ci_runs_for_every_pull_request_and_for_main() -> None:
    on = read_yaml(".github/workflows/ci.yml")["on"]

    assert "pull_request" in on
    assert on["pull_request"] is None  # no filter: a check that is required must not be skipped
    assert on["push"] == {"branches": ["main"]}


@pytest.mark.parametrize("path", WORKFLOWS)
def test_a_workflow_may_only_read_and_its_actions_are_pinned(path: str) -> None:
    workflow = read_yaml(path)
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]

    assert workflow["permissions"] == {"contents": "read"}
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize("path", FORMS)
def test_a_form_has_elements_that_github_knows_with_ids_that_differ(path: str) -> None:
    form = read_yaml(path)
    ids = [element["id"] for element in form["body"] if element["type"] != "markdown"]

    assert form["name"]
    assert form["description"]
    assert {element["type"] for element in form["body"]} <= ELEMENTS
    assert len(ids) == len(set(ids))
    assert all(element["attributes"].get("label") for element in form["body"] if element["type"] != "markdown")


def test_dependabot_looks_after_every_file_that_names_packages() -> None:
    updates = read_yaml(".github/dependabot.yml")["updates"]

    assert {update["package-ecosystem"] for update in updates} == set(ECOSYSTEMS)
    assert {update["directory"] for update in updates} == {"/"}
    assert all((ROOT / path).exists() for path in ECOSYSTEMS.values())


def test_a_rule_of_owners_names_somebody_and_not_the_example() -> None:
    rules = [line.split() for line in read(".github/CODEOWNERS").splitlines() if line and not line.startswith("#")]
    owners = [owner for _, *named in rules for owner in named]

    assert all(named for _, *named in rules)
    assert [owner for owner in owners if not re.fullmatch(r"@(?!your-)[\w-]+(/(?!your-)[\w-]+)?", owner)] == []


def test_the_dev_container_sets_up_as_a_developer_does() -> None:
    container = json.loads(read(".devcontainer/devcontainer.json"))

    assert container["postCreateCommand"] == "make setup"
    assert re.search(r"^setup:", read("Makefile"), re.MULTILINE)
    assert container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"] == ".venv/bin/python"
