from __future__ import annotations

import re
import tomllib

from tests.unit.project.files import read


def test_the_licence_is_mit_in_the_file_and_in_the_metadata() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    text = read("LICENSE")

    assert project["license"] == "MIT"
    assert project["license-files"] == ["LICENSE"]
    assert text.startswith("MIT License\n")
    assert re.search(r"^Copyright \(c\) \d{4} The Kiln authors$", text, re.MULTILINE)
    assert project["authors"] == [{"name": "The Kiln authors"}]
