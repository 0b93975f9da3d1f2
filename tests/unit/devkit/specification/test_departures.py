from __future__ import annotations

import pytest

from devkit.specification import Exchange
from devkit.specification.departures import DIFFERENCES, ROUTES, Body

PROVIDER = "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope"
TEMPLATE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/t"


def body_of(method: str, path: str) -> Body | None:
    return next((route.body for route in ROUTES if route.is_of(Exchange(method, path, 200))), None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{PROVIDER}/operations/1", Body.OPERATION_STATUS),
        ("GET", f"{PROVIDER}/operationResults/1", Body.ANY),
        ("GET", "/subscriptions/s/operationresults/1", Body.ANY),
        ("GET", f"{TEMPLATE}/runs", Body.ANY),
        ("GET", f"{TEMPLATE}/runs/r/log", Body.ANY),
        ("POST", f"{TEMPLATE}/runs/r/retry", Body.ANY),
        ("GET", f"{TEMPLATE}/versions/1", Body.ANY),
        ("POST", f"{TEMPLATE}/runOutputs/o/getAccess", Body.ANY),
        ("GET", "/msi/token", Body.FOREIGN),
        ("POST", "/tenant/oauth2/v2.0/token", Body.FOREIGN),
        ("GET", TEMPLATE, None),
        ("GET", f"{TEMPLATE}/runOutputs/o", None),
        ("DELETE", f"{TEMPLATE}/runs", None),
        ("GET", f"{PROVIDER}/usages", None),
    ],
)
def test_only_routes_without_a_specification_are_in_the_table(method: str, path: str, body: Body | None) -> None:
    assert body_of(method, path) is body


@pytest.mark.parametrize(
    ("operation", "where", "what", "explained"),
    [
        ("VirtualMachines_Get", "answer properties.hardwareProfile.vmSize", "'Standard_D2s_v5' is not one of A", True),
        ("VirtualMachines_Get", "answer properties.hardwareProfile.vmSize", "expected string, got integer", False),
        ("Disks_Get", "answer properties.hardwareProfile.vmSize", "'Standard_D2s_v5' is not one of A", False),
        (
            "VirtualMachineImageTemplates_Get",
            "answer properties.customize[1].type",
            "'Restart' is not one of Shell, File",
            True,
        ),
        (
            "VirtualMachineImageTemplates_List",
            "answer value[0].properties.customize[0].type",
            "'Restart' is not one of Shell",
            True,
        ),
        (
            "VirtualMachineImageTemplates_Get",
            "answer properties.customize[1].type",
            "'Reboot' is not one of Shell, File",
            False,
        ),
        ("VirtualMachineImageTemplates_Run", "request", "has a body; the operation takes none", True),
        ("VirtualMachineImageTemplates_Cancel", "request", "has a body; the operation takes none", False),
    ],
)
def test_a_difference_explains_its_own_mistake_alone(operation: str, where: str, what: str, *, explained: bool) -> None:
    assert any(difference.explains(operation, where, what) for difference in DIFFERENCES) is explained


def test_every_row_has_its_reason() -> None:
    assert all(row.reason for row in (*ROUTES, *DIFFERENCES))
