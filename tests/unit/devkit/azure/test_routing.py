from __future__ import annotations

from devkit.azure.routing import find
from devkit.azure.services import services

GROUP = "/subscriptions/s/resourceGroups/g"


def test_of_two_routes_that_fit_the_more_literal_one_is_taken() -> None:
    found = find(services().routes, "GET", f"{GROUP}/resources")
    assert found is not None
    assert found[0].pattern.endswith("/resources")


def test_a_path_gives_the_id_with_the_tables_case_and_what_is_above_it() -> None:
    path = f"{GROUP.lower()}/PROVIDERS/microsoft.compute/VIRTUALMACHINES/Vm/RunCommands/One"
    found = find(services().routes, "PUT", path)
    assert found is not None
    route, params = found
    above = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/Vm"
    assert (route.resource_id(params), route.above(params)) == (f"{above}/runCommands/One", above)


def test_actions_and_collections_address_the_resource_before_them() -> None:
    machine = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm"
    for method, path, above in (
        ("POST", f"{machine}/start", machine),
        ("GET", f"{machine}/instanceView", None),
        ("GET", f"{machine}/runCommands", machine),
    ):
        found = find(services().routes, method, path)
        assert found is not None
        assert (found[0].resource_id(found[1]), found[0].above(found[1])) == (machine, above)


def test_no_two_routes_are_the_same() -> None:
    keys = [(route.method, route.pattern.lower()) for route in services().routes]
    assert len(keys) == len(set(keys))
