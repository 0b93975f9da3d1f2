from __future__ import annotations

import re
from typing import Any

from kiln.cloud.machine_body import interface_body, machine_body
from kiln.planner.facts import ImageReference
from kiln.planner.plan import MachineSpec


def spec(**more: Any) -> MachineSpec:
    facts: dict[str, Any] = {
        "subscription": "s",
        "group": "g",
        "location": "westeurope",
        "tags": {},
        "name": "vm",
        "interface": "nic",
        "disk": "os",
        "size": "Standard_D2ds_v4",
        "disk_size_gb": None,
        "source": ImageReference(id="/image"),
        "os": "Linux",
        "subnet_id": "/subnet",
        "ssh_public_key": "ssh-ed25519 AAAA",
    }
    return MachineSpec(**{**facts, **more})


def test_a_linux_machine_has_a_key_and_no_password() -> None:
    profile = machine_body(spec(), "/nic")["properties"]["osProfile"]

    assert profile["linuxConfiguration"]["disablePasswordAuthentication"]
    assert "adminPassword" not in profile


def test_a_windows_machine_has_a_new_password_each_time_that_azure_takes() -> None:
    first, second = (machine_body(spec(os="Windows"), "/nic")["properties"]["osProfile"] for _ in range(2))

    assert first["adminPassword"] != second["adminPassword"]
    for kind in ("[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]"):
        assert re.search(kind, first["adminPassword"])
    assert 12 <= len(first["adminPassword"]) <= 123
    assert len(first["computerName"]) <= 15
    assert "linuxConfiguration" not in first


def test_only_what_is_asked_for_is_in_a_body() -> None:
    body = machine_body(spec(), "/nic")

    assert "identity" not in body
    assert "plan" not in body
    assert "securityProfile" not in body["properties"]
    assert "diskSizeGB" not in body["properties"]["storageProfile"]["osDisk"]
    assert "networkSecurityGroup" not in interface_body(spec())["properties"]
