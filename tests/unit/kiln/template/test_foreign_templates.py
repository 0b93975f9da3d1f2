"""Bodies that others wrote, each with the verdict of Microsoft's API definitions (where the collection is present)."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from kiln.errors import Problem, TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.patch import parse_patch
from kiln.template.triggers import parse_trigger
from tests.unit.kiln.template.bodies import with_real_values

FOLDER = Path(
    os.environ.get("KILN_TEST_TEMPLATES", Path(__file__).resolve().parents[5] / "shared" / "reference" / "templates")
)
PARSERS = {"imageTemplate": parse_template, "update": parse_patch, "trigger": parse_trigger}
FILES = sorted(FOLDER.glob("*.json"))


def problems(content: dict[str, Any]) -> tuple[Problem, ...]:
    """Return Kiln's problems with a body at the api-version that it was checked at."""
    try:
        PARSERS[content["kind"]](content["body"], content["checkedAs"])
    except TemplateInvalid as error:
        return error.problems
    return ()


def blamed(verdict: str) -> set[str]:
    """Return the paths that a verdict names, such as `body properties/source/type: ...; body .: ...`."""
    paths = set()
    for part in verdict.split("; body "):
        place, _, reason = part.removeprefix("body ").partition(": ")
        steps = [] if place == "." else place.split("/")
        missing = re.match(r"'([^']+)' is a required property", reason)
        unknown = re.search(r"\((.*) (?:was|were) unexpected\)", reason)
        if missing:
            names = [missing[1]]
        elif unknown:
            names = re.findall(r"'([^']+)'", unknown[1])
        else:
            names = [""]
        paths |= {written([*steps, name]) for name in names}
    return paths


def written(steps: list[str]) -> str:
    """Return a path in Resource Manager's form."""
    text = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps if step)
    return text.removeprefix(".")


@pytest.mark.skipif(not FILES, reason=f"there are no templates in {FOLDER}")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_kilns_verdict_on_a_body_is_that_of_microsofts_definition(file: Path) -> None:
    content = json.loads(with_real_values(file.read_text(encoding="utf-8")))
    found = problems(content)
    if content["verdict"] == "ok":
        assert found == ()
    else:
        assert blamed(content["verdict"]) <= {problem.path for problem in found}
        assert all(problem.source for problem in found)


def test_a_verdict_is_read_as_it_is_written() -> None:
    verdict = (
        "body .: 'identity' is a required property; body properties/customize/0/type: 'shell' is not one of ['Shell']; "
        "body properties: Unevaluated properties are not allowed ('a', 'b' were unexpected)"
    )
    assert blamed(verdict) == {"identity", "properties.customize[0].type", "properties.a", "properties.b"}
