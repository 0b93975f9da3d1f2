from __future__ import annotations

from typing import Any

import pytest

from kiln.template.parse import parse_template
from kiln.template.versions import API_VERSIONS
from tests.unit.kiln.runs.records import run_record, template_record
from triggers.answers import as_known, template_answer

DEFINITION = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/i"
NEWEST: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "None"},
    "properties": {
        "source": {"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/latest"},
        "customize": [{"type": "Restart", "name": "kilns-own"}],
        "optimize": {"vmBoot": {"state": "Enabled"}, "workload": {"state": "Disabled"}},
        "errorHandling": {"onCustomizerError": "abort"},
        "vmProfile": {"vmSize": "Standard_B2s", "userAssignedIdentities": []},
        "distribute": [
            {
                "type": "SharedImage",
                "runOutputName": "out",
                "galleryImageId": f"{DEFINITION}2",
                "targetRegions": [{"name": "westeurope"}],
                "replicationMode": "Shallow",
            }
        ],
    },
}


def properties(version: str) -> dict[str, Any]:
    shown: dict[str, Any] = as_known(NEWEST, version)["properties"]
    return shown


def test_the_newest_api_version_shows_all() -> None:
    parse_template(NEWEST, "2025-10-01")
    assert as_known(NEWEST, "2025-10-01") == NEWEST


def test_an_older_one_leaves_out_what_it_does_not_have() -> None:
    assert properties("2022-07-01")["optimize"] == {"vmBoot": {"state": "Enabled"}}
    assert "optimize" not in properties("2022-02-14")
    assert "errorHandling" not in properties("2022-07-01")
    assert properties("2020-02-14")["vmProfile"] == {"vmSize": "Standard_B2s"}
    assert set(properties("2024-02-01")["distribute"][0]) == {
        "type",
        "runOutputName",
        "galleryImageId",
        "targetRegions",
    }


def test_regions_are_shown_in_their_older_form_to_whom_knows_no_other() -> None:
    assert properties("2022-02-14")["distribute"] == [
        {
            "type": "SharedImage",
            "runOutputName": "out",
            "galleryImageId": f"{DEFINITION}2",
            "replicationRegions": ["westeurope"],
        }
    ]


def test_a_validator_of_a_newer_type_is_left_out_and_its_neighbours_stay() -> None:
    shell = {"type": "Shell", "name": "a", "inline": ["true"]}
    file = {"type": "File", "name": "b", "sourceUri": "https://example.com/a", "destination": "/tmp/a"}  # a guest's
    body = {**NEWEST, "properties": {**NEWEST["properties"], "validate": {"inVMValidations": [file, shell, file]}}}
    assert as_known(body, "2022-02-14")["properties"]["validate"] == {"inVMValidations": [shell]}
    assert as_known(body, "2022-07-01")["properties"]["validate"] == {"inVMValidations": [file, shell, file]}


def test_a_newer_value_of_an_older_property_and_what_is_kilns_own_stay() -> None:
    assert properties("2020-02-14")["source"] == NEWEST["properties"]["source"]
    assert properties("2020-02-14")["customize"] == NEWEST["properties"]["customize"]


@pytest.mark.parametrize("version", API_VERSIONS)
def test_what_is_stored_is_never_changed(version: str) -> None:
    before = str(NEWEST)
    as_known(NEWEST, version)
    assert str(NEWEST) == before


def test_the_exact_staging_group_is_shown_since_there_are_staging_groups() -> None:
    record = template_record(body=NEWEST)
    assert "exactStagingResourceGroup" in template_answer(record, None, "2022-02-14")["properties"]
    assert "exactStagingResourceGroup" not in template_answer(record, None, "2021-10-01")["properties"]


def test_the_exact_version_is_shown_since_there_is_one() -> None:
    record, run = template_record(body=NEWEST), run_record(body=NEWEST, source_version="1.0.0")

    shown = {version: template_answer(record, run, version)["properties"] for version in API_VERSIONS}

    without = [version for version, it in shown.items() if "exactVersion" not in it["source"]]
    assert without == ["2020-02-14", "2021-10-01", "2022-02-14"]
