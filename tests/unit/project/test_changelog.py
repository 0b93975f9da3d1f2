from __future__ import annotations

import re
import tomllib

from tests.unit.project.files import read

SEMANTIC = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"


def sections() -> list[str]:
    return re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)


def test_the_first_section_is_the_version_of_the_project() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]

    assert sections()[0].split()[0] == version


def test_every_section_has_a_semantic_version_and_its_date() -> None:
    heading = re.compile(rf"{SEMANTIC} \((?:not yet released|\d{{4}}-\d\d-\d\d)\)")

    assert [section for section in sections() if not heading.fullmatch(section)] == []
    assert [section for section in sections()[1:] if "not yet released" in section] == []
