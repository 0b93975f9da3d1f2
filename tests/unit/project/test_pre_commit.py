from __future__ import annotations

from typing import Any

from tests.unit.project.files import read_yaml, recipe


def hooks() -> list[dict[str, Any]]:
    return [hook for repo in read_yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]


def test_the_hooks_are_the_commands_of_make_check() -> None:
    assert [hook["entry"] for hook in hooks()] == recipe("check")


def test_the_hooks_use_the_tools_of_make_setup_on_the_whole_repository() -> None:
    repositories = read_yaml(".pre-commit-config.yaml")["repos"]

    assert [repository["repo"] for repository in repositories] == ["local"]
    assert {(hook["language"], hook["pass_filenames"]) for hook in hooks()} == {("system", False)}


def test_every_stage_of_a_hook_is_installed() -> None:
    configuration = read_yaml(".pre-commit-config.yaml")
    stages = {stage for hook in hooks() for stage in hook.get("stages", configuration["default_stages"])}

    assert stages == set(configuration["default_install_hook_types"])
