from __future__ import annotations

import pytest

from devkit.azure.faults import Faults


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({}, [True, False, False, False]),
        ({"nth": 2}, [False, True, False, False]),
        ({"nth": 2, "times": 2}, [False, True, True, False]),
        ({"nth": 3, "times": 0}, [False, False, True, True]),
    ],
)
def test_a_rule_fires_from_the_nth_match_for_so_many_times(rule: dict[str, int], hits: list[bool]) -> None:
    faults = Faults()
    faults.replace([{"method": "get", "path": "*/VM", "status": 500, **rule}])
    assert faults.meet("PUT", "/a/vm") is None
    assert faults.meet("GET", "/a/vm/x") is None
    assert [faults.meet("GET", "/a/vm") is not None for _ in range(4)] == hits


def test_rules_count_even_while_another_decides() -> None:
    faults = Faults()
    faults.add({"method": "*", "path": "*", "status": 500})
    faults.add({"method": "*", "path": "*", "nth": 2, "status": 429})
    statuses = [(fault.rule["status"] if (fault := faults.meet("GET", "/a")) else 200) for _ in range(3)]
    assert statuses == [500, 429, 200]
