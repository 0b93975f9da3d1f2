"""The size of a build's histories, which the host stores, moves and replays for one run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.flows.local_azure.kiln import gallery, template
from tests.flows.local_azure.test_builds import example, submitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.local_azure.kiln import Kiln

LIMIT = 120_000
"""Characters of JSON, for all instances of a build of examples/hello-linux.json."""
LINE = f"echo {'x' * 94}"


def size(kiln: Kiln) -> int:
    """Build, and return the size of all histories as JSON."""
    run, flow = submitted(kiln).start_build()
    histories = flow.finish().histories
    assert kiln.run(run.run_id).state == "Succeeded"
    own = {name: events for name, events in histories.items() if name.startswith(run.instance_id)}
    return sum(len(json.dumps(event, default=str)) for events in own.values() for event in events)


def test_a_small_build_has_small_histories(kiln: Callable[..., Kiln]) -> None:
    assert size(kiln(example("hello-linux.json"))) <= LIMIT


def test_long_scripts_and_many_targets_do_not_make_long_histories(kiln: Callable[..., Kiln]) -> None:
    scripts: list[dict[str, Any]] = [
        {"type": "Shell", "name": f"script {number}", "inline": [LINE] * 1200} for number in range(6)
    ]
    vhds = [{"type": "VHD", "runOutputName": f"vhd-{number}"} for number in range(3)]
    body = template(customize=scripts, distribute=[gallery("northeurope"), *vhds])
    assert len(json.dumps(body)) > 720_000

    assert size(kiln(body)) <= 2 * LIMIT
