from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.azure.errors import ArmError
from devkit.azure.store import Resource, Store

if TYPE_CHECKING:
    from pathlib import Path

VM = "/subscriptions/s/resourceGroups/Rg/providers/Microsoft.Compute/virtualMachines/Vm"
KIND = "Microsoft.Compute/virtualMachines"


def test_a_resource_is_found_in_any_case_also_by_the_next_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.save(Resource(VM, KIND, {"properties": {"a": 1}}, {"hidden": True}))
    store.close()
    store = Store(tmp_path / "db")
    found = store.get(VM.upper())
    assert (found.id, found.name, found.private) == (VM, "Vm", {"hidden": True})
    assert found.show() == {"id": VM, "name": "Vm", "type": KIND, "properties": {"a": 1}}
    store.delete(found)
    store.close()
    store = Store(tmp_path / "db")
    with pytest.raises(ArmError, match=r"'Microsoft\.Compute/virtualMachines/Vm' under resource group 'Rg'"):
        store.get(VM)
    store.close()


def test_lists_go_by_type_and_place(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    child = f"{VM}/runCommands/one"
    for resource_id, kind in ((VM, KIND), (child, KIND + "/runCommands"), (f"{VM}2", KIND)):
        store.save(Resource(resource_id, kind, {}))
    assert [found.id for found in store.list(kind=KIND.lower())] == [VM, f"{VM}2"]
    assert [found.id for found in store.list(within=VM)] == [child]
    store.close()


def test_an_answer_is_a_copy(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    resource = Resource(VM, KIND, {"properties": {"a": 1}})
    store.save(resource)
    resource.show()["properties"]["a"] = 2
    assert store.get(VM).properties == {"a": 1}
    store.close()
