from __future__ import annotations

from pathlib import Path

import pytest

from devkit.determinism import check_file

ORCHESTRATORS = Path(__file__).parents[3] / "orchestrators"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import time", "flow.sleep"),
        ("from uuid import uuid4", "run id"),
        ("from os import environ", "environment"),
        ("import azure.durable_functions as df", "only flow.py"),
        ("from kiln import config", "settings"),
        ("from kiln.cloud.clients import compute", "Azure is an activity's business"),
        ("from activities.stage import create_group", "kiln.contracts"),
        ("from datetime import datetime\nx = datetime.now()", "use flow.now"),
        ("def f():\n    open('x')", "files"),
        ("async def f(): ...", "never async"),
        ("def f():\n    try:\n        yield 1\n    finally:\n        yield 2", "finally"),
        ("def f():\n    try:\n        yield 1\n    finally:\n        x = yield from g()", "finally"),
        ("try:\n    pass\nexcept BaseException:\n    pass", "BaseException"),
        ("try:\n    pass\nexcept (ValueError, GeneratorExit):\n    pass", "BaseException"),
        ("try:\n    pass\nexcept:\n    pass", "bare except"),
        ("def f():\n    global x", "not replayed"),
        ("for x in {1, 2}:\n    pass", "sort it"),
    ],
)
def test_what_is_not_replay_safe_is_found(tmp_path: Path, code: str, says: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(code)

    (finding,) = check_file(module)

    assert says in str(finding)


def test_flow_alone_may_import_durable(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text("import azure.durable_functions as df")

    assert check_file(flow) == []


def test_kilns_own_orchestrators_are_replay_safe() -> None:
    findings = [finding for path in sorted(ORCHESTRATORS.glob("*.py")) for finding in check_file(path)]

    assert findings == []
