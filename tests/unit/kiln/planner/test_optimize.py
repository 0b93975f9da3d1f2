from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts

WORKLOAD = {"state": "Enabled", "scriptUri": "https://example.com/warm-up"}


def test_nothing_is_optimized_unless_it_is_asked_for() -> None:
    assert samples.plan().optimize == ()
    assert samples.plan(optimize={"vmBoot": {"state": "Disabled"}}).optimize == ()


def test_the_workload_warms_up_before_the_boot_is_seen_to() -> None:
    workload, boot = samples.plan(optimize={"vmBoot": {"state": "Enabled"}, "workload": WORKLOAD}).optimize

    assert (workload.key, workload.artifact) == ("optimize-workload", "v3/optimize")
    assert (boot.key, boot.artifact) == ("optimize-boot", None)
    assert workload.kind == boot.kind == "Optimize"


@pytest.mark.parametrize(
    ("source", "workload", "boot"),
    [(samples.LINUX, "#!/bin/sh", "fstrim"), (samples.WINDOWS, "User = 'SYSTEM'", "ngen.exe")],
)
def test_each_operating_system_has_its_own_way(source: SourceFacts, workload: str, boot: str) -> None:
    plan = samples.plan(source, optimize={"vmBoot": {"state": "Enabled"}, "workload": WORKLOAD})

    assert workload in plan.scripts["optimize-workload"]
    assert boot in plan.scripts["optimize-boot"]


def test_a_workload_without_a_script_is_named_as_not_used() -> None:
    plan = samples.plan(optimize={"workload": {"state": "Enabled"}})

    assert plan.optimize == ()
    assert plan.not_used == ("optimize.workload is enabled but has no scriptUri: there is nothing to run.",)
