from __future__ import annotations

from typing import Any

from kiln.template.signed_urls import urls, with_urls


def body() -> dict[str, Any]:
    return {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "p", "offer": "o", "sku": "s"},
            "customize": [
                {"type": "Shell", "name": "a", "inline": ["curl https://host/inline?sig=1"]},
                {"type": "PowerShell", "name": "b", "scriptUri": "https://host/b.ps1"},
                {"type": "File", "name": "c", "sourceUri": "https://host/c", "destination": "/tmp/c"},
            ],
            "validate": {"inVMValidations": [{"type": "Shell", "name": "d", "scriptUri": "https://host/d.sh"}]},
            "optimize": {"workload": {"state": "Enabled", "scriptUri": "https://host/e.sh"}},
            "distribute": [{"type": "VHD", "runOutputName": "vhd", "uri": "https://host/f.vhd"}],
        },
    }


def test_every_property_that_is_a_url_is_found() -> None:
    assert [url for _, url in urls(body())] == [f"https://host/{name}" for name in FOUND]


FOUND = ("b.ps1", "c", "f.vhd", "e.sh", "d.sh")


def test_a_part_of_a_body_has_its_urls() -> None:
    part = {"properties": {"optimize": {"workload": {"scriptUri": "https://host/e.sh"}}}}
    found = dict(urls(part))
    assert with_urls(part, dict.fromkeys(found, "other")) == {
        "properties": {"optimize": {"workload": {"scriptUri": "other"}}}
    }


def test_only_what_is_replaced_changes_and_the_given_body_stays() -> None:
    given = body()
    changed = with_urls(given, {("properties", "customize", 1, "scriptUri"): "https://other"})
    assert given == body()
    assert changed["properties"]["customize"][1]["scriptUri"] == "https://other"
    changed["properties"]["customize"][1]["scriptUri"] = "https://host/b.ps1"
    assert changed == given
    assert with_urls(given, {}) is given
