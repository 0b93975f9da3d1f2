"""Artifacts: a plan names them without what may be a secret; the whole URL comes from the template alone."""

from __future__ import annotations

from typing import Any

import pytest

from kiln.planner.artifacts import artifact_urls, artifacts, shown
from kiln.template.parse import parse_template

SIGNED = "https://a.blob.core.windows.net/c/setup.sh?sv=2024&sig=s3cr3t"


def template() -> dict[str, Any]:
    file = {"type": "File", "sourceUri": SIGNED, "destination": "/tmp/setup.sh"}
    return {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "p", "offer": "o", "sku": "s"},
            "customize": [{"type": "Shell", "inline": ["true"]}, {"type": "Shell", "scriptUri": SIGNED}],
            "validate": {"inVMValidations": [file]},
            "optimize": {"workload": {"state": "Enabled", "scriptUri": SIGNED}},
            "distribute": [{"type": "VHD", "runOutputName": "vhd"}],
        },
    }


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        (SIGNED, "https://a.blob.core.windows.net/c/setup.sh"),
        ("https://user:password@example.com:8443/a#part", "https://example.com:8443/a"),
        ("data:text/plain,password", "data:"),
    ],
)
def test_a_shown_url_has_no_secret(url: str, seen: str) -> None:
    assert shown(url) == seen


def test_a_plan_s_artifacts_hold_no_signature() -> None:
    specs = artifacts(parse_template(template()), version=1)

    assert len(specs) == 3
    assert "s3cr3t" not in "".join(spec.model_dump_json() for spec in specs)


def test_each_artifact_finds_its_whole_url_by_its_property() -> None:
    parsed = parse_template(template())

    urls = artifact_urls(parsed)

    assert {spec.property_path: urls[spec.property_path] for spec in artifacts(parsed, version=1)} == dict.fromkeys(
        (
            "properties.customize[1].scriptUri",
            "properties.validate.inVMValidations[0].sourceUri",
            "properties.optimize.workload.scriptUri",
        ),
        SIGNED,
    )
