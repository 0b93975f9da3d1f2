"""Artifacts: a plan names them without what may be a secret; the whole URL comes from the template alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiln.planner.artifacts import artifact_urls, artifacts, shown
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from kiln.template.models import ImageTemplate

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
    specs = artifacts(parse_template(template()), version=1, made=None)

    assert len(specs) == 3
    assert "s3cr3t" not in "".join(spec.model_dump_json() for spec in specs)


def test_an_artifact_is_told_from_those_of_other_versions_and_of_other_templates_of_the_name() -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    parsed, other = parse_template(template()), template()
    other["properties"]["customize"][1]["scriptUri"] = "https://example.com/another.sh"

    def source(of: ImageTemplate, version: int, at: datetime) -> str:
        return artifacts(of, version, at)[0].source

    first = source(parsed, 1, made)
    assert source(parsed, 1, made) == first
    others = [source(parsed, 2, made), source(parsed, 1, made + timedelta(seconds=1))]
    others.append(source(parse_template(other), 1, made))
    assert len({first, *others}) == 4


def test_each_artifact_finds_its_whole_url_by_its_property() -> None:
    parsed = parse_template(template())

    urls = artifact_urls(parsed)

    assert {
        spec.property_path: urls[spec.property_path] for spec in artifacts(parsed, version=1, made=None)
    } == dict.fromkeys(
        (
            "properties.customize[1].scriptUri",
            "properties.validate.inVMValidations[0].sourceUri",
            "properties.optimize.workload.scriptUri",
        ),
        SIGNED,
    )


def test_a_plan_has_a_checksum_in_lower_case_however_the_template_writes_it() -> None:
    body = template()
    body["properties"]["customize"][1]["sha256Checksum"] = "A1b2" * 16

    first, *others = artifacts(parse_template(body), version=1, made=None)

    assert first.sha256 == "a1b2" * 16
    assert {spec.sha256 for spec in others} == {""}
