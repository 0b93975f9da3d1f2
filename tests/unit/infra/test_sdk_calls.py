from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.infra.sdk_calls import Unclear, calls

if TYPE_CHECKING:
    from pathlib import Path


def found(tmp_path: Path, *lines: str) -> set[str]:
    source = tmp_path / "source.py"
    source.write_text("\n".join(("def function():", *(f"    {line}" for line in lines))))
    return calls(iter([source]))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["clients.compute(s).disks.get(n)"], {"compute.disks.get"}),
        (["start('x', clients.compute(s).disks.begin_delete, n)"], {"compute.disks.begin_delete"}),
        (["client = clients.compute(s)", "client.disks.get(n)"], {"compute.disks.get"}),
        (["client, names = clients.storage(s), n", "client.accounts.get(names)"], {"storage.accounts.get"}),
        (["with a:", "    begin = clients.compute(s).disks.begin_delete"], {"compute.disks.begin_delete"}),
        (["client = clients.resources(s)", "client.send_request(r)"], {"resources.send_request"}),
        (
            ["compute = clients.compute(s)", "chosen = compute.disks if d else compute.snapshots", "chosen.get(n)"],
            {"compute.disks.get", "compute.snapshots.get"},
        ),
        (
            ["n = clients.network(s)", "chosen: Any = {'a': n.nics, 'b': n.nets}[k]", "chosen.begin_delete(x)"],
            {"network.nics.begin_delete", "network.nets.begin_delete"},
        ),
        (["other.disks.get(n)", "clients.config()"], set()),
    ],
)
def test_a_call_is_found_however_it_is_written(tmp_path: Path, lines: list[str], expected: set[str]) -> None:
    assert found(tmp_path, *lines) == expected


@pytest.mark.parametrize("line", ["helper(clients.compute(s))", "return clients.compute(s)"])
def test_a_client_that_leaves_the_function_is_an_error(tmp_path: Path, line: str) -> None:
    with pytest.raises(Unclear, match="function"):
        found(tmp_path, line)
