"""Gallery versions by whole builds: where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.cloud import clients, gallery
from kiln.ids import name_of, region_name
from tests.flows.local_azure import kiln as templates
from tests.flows.local_azure.kiln import STAGED, SUBSCRIPTION, managed_image, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.local_azure.kiln import Kiln


def submitted(kiln: Kiln) -> Kiln:
    kiln.submit()
    assert kiln.template.provisioning_state == "Succeeded", kiln.template.provisioning_error
    return kiln


def published(version: str) -> tuple[str, set[str]]:
    """Return where Azure has a gallery version (its ARM id), and the regions in which it can be used."""
    found = clients.compute(SUBSCRIPTION).gallery_image_versions.get(
        *gallery.names(version), name_of(version), expand="ReplicationStatus", api_version=clients.GALLERIES
    )
    assert found.properties
    assert found.properties.replication_status
    states = found.properties.replication_status.summary or []
    return str(found.location), {region_name(str(item.region)) for item in states if item.state == "Completed"}


@pytest.mark.parametrize("regions", [["westeurope"], []], ids=["its region asked for", "no region asked for"])
def test_a_definition_may_be_in_another_region_than_its_template(kiln: Callable[..., Kiln], regions: list[str]) -> None:
    target = {**templates.gallery(), "targetRegions": [{"name": region} for region in regions]}
    body = template(distribute=[target, managed_image("img-far")]) | {"location": "northeurope"}
    far = submitted(kiln(body))

    run = far.build()

    assert run.state == "Succeeded", run.message
    version = next(output for output in run.outputs if output.kind == "SharedImage")
    assert version.artifact_id is not None
    assert set(version.regions) == {"northeurope", "westeurope"}
    assert published(version.artifact_id) == ("northeurope", {"northeurope", "westeurope"})
    assert far.resources() == STAGED


def test_a_shallow_version_of_a_definition_elsewhere_stays_where_it_is_built(kiln: Callable[..., Kiln]) -> None:
    target = {**templates.gallery(), "targetRegions": [], "replicationMode": "Shallow"}
    far = submitted(kiln(template(distribute=[target]) | {"location": "northeurope"}))

    run = far.build()

    assert run.state == "Succeeded", run.message
    assert run.outputs[0].artifact_id is not None
    assert published(run.outputs[0].artifact_id) == ("northeurope", {"northeurope"})


def test_a_retry_gives_the_definition_s_region_what_it_lacks(kiln: Callable[..., Kiln]) -> None:
    far = submitted(kiln(template(distribute=[templates.gallery()]) | {"location": "northeurope"}))
    far.fault(
        method="PATCH",
        path="*/images/base/versions/*",
        replication={"region": "westeurope", "state": "Failed", "details": "no capacity"},
    )
    first = far.build()
    assert first.state == "PartiallySucceeded", first.message
    assert first.outputs[0].regions == ("northeurope",)

    second = far.build(retry_of=first)

    assert second.state == "Succeeded", second.message
    assert second.outputs[0].artifact_id == first.outputs[0].artifact_id
    assert set(second.outputs[0].regions) == {"northeurope", "westeurope"}
