"""Gallery versions by whole builds: their regions, and the owner of a number that several runs publish at once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kiln.cloud import clients, gallery
from kiln.ids import name_of, region_name
from kiln.runs.record import RunState
from tests.contract.kiln_cloud import arm
from tests.flows.local_azure import kiln as templates
from tests.flows.local_azure.kiln import GALLERY, STAGED, SUBSCRIPTION, managed_image, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.flow_world import When
    from devkit.local.in_process import InProcessAzure
    from kiln.runs.record import RunRecord
    from tests.flows.local_azure.kiln import Kiln


def submitted(kiln: Kiln) -> Kiln:
    kiln.submit()
    assert kiln.template.provisioning_state == "Succeeded", kiln.template.provisioning_error
    return kiln


def published(version: str) -> tuple[str, set[str]]:
    """Return a gallery version's home region in Azure (by its ARM id), and the regions in which it can be used."""
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
    body = template(distribute=[target, managed_image(f"img-far-{uuid.uuid4().hex[:8]}")]) | {"location": "northeurope"}
    far = submitted(kiln(body))

    run = far.build()

    assert run.state == "Succeeded", run.message
    version = next(output for output in run.outputs if output.kind == "SharedImage")
    assert version.artifact_id is not None
    assert set(version.regions) == {"northeurope", "westeurope"}
    assert published(version.artifact_id) == ("northeurope", {"northeurope", "westeurope"})
    assert far.resources() == STAGED


def test_a_version_of_its_source_s_number_keeps_the_leading_zeros(
    kiln: Callable[..., Kiln], local_azure: InProcessAzure
) -> None:
    offer = f"ubuntu-{uuid.uuid4().hex[:8]}"
    image = {"publisher": "Canonical", "offer": offer, "sku": "server", "version": "24.04.202510010"}
    httpx.post(f"{local_azure.http_url}/_local/marketplace", json={**image, "osType": "Linux"}).raise_for_status()
    target = {**templates.gallery(), "versioning": {"scheme": "Source"}}
    source = {"type": "PlatformImage", **image, "version": "latest"}
    ubuntu = submitted(kiln(template(source=source, distribute=[target])))

    run = ubuntu.build()

    assert run.state == "Succeeded", run.message
    assert run.outputs[0].artifact_id is not None
    assert name_of(run.outputs[0].artifact_id) == "24.04.202510010"
    assert "westeurope" in published(run.outputs[0].artifact_id)[1]
    again = ubuntu.build()
    assert again.state == "Failed"
    assert again.message is not None
    assert "versions/24.04.202510010 exists already" in again.message


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


def own_definition() -> str:
    image_id = f"{GALLERY}/images/own-{uuid.uuid4().hex[:8]}"
    arm.definition(image_id)
    return image_id


def into(image_id: str, name: str = "gallery") -> dict[str, Any]:
    return {"type": "SharedImage", "runOutputName": name, "galleryImageId": image_id}


def made(run: RunRecord) -> list[str]:
    """Return the numbers of the versions in a run's outputs."""
    return [name_of(output.artifact_id) for output in run.outputs if output.artifact_id]


def there(image_id: str) -> dict[str, str | None]:
    """Return the versions of a definition in Azure, each with the run in its tag."""
    listed = clients.compute(SUBSCRIPTION).gallery_image_versions.list_by_gallery_image(
        *gallery.names(image_id), api_version=clients.GALLERIES
    )
    return {str(version.name): (version.tags or {}).get("kilnRun") for version in listed}


@pytest.mark.parametrize(
    ("activity", "when"),
    [
        ("choose_version", "before"),
        ("choose_version", "after"),
        ("start_version", "before"),
        ("start_version", "after"),
    ],
)
def test_two_templates_that_publish_into_one_definition_at_the_same_time_both_succeed(
    kiln: Callable[..., Kiln], activity: str, when: When
) -> None:
    image_id = own_definition()
    slow, quick = (submitted(kiln(template(distribute=[into(image_id)]))) for _ in range(2))
    runs: list[RunRecord] = []
    slow.runner.on_activity(activity, lambda _: runs.append(quick.build()), when=when)

    run = slow.build()

    (other,) = runs
    assert (run.state, other.state) == ("Succeeded", "Succeeded"), (run.message, other.message)
    assert sorted(made(run) + made(other)) == ["1.0.0", "1.0.1"]
    assert there(image_id) == {made(run)[0]: run.run_id, made(other)[0]: other.run_id}


def test_two_targets_of_one_template_in_one_definition_get_two_numbers(kiln: Callable[..., Kiln]) -> None:
    image_id = own_definition()
    twice = submitted(kiln(template(distribute=[into(image_id), into(image_id, "second")])))

    run = twice.build()

    assert run.state == "Succeeded", run.message
    assert sorted(made(run)) == ["1.0.0", "1.0.1"]
    assert there(image_id) == dict.fromkeys(made(run), run.run_id)


def test_a_number_that_a_stranger_takes_at_the_last_moment_stays_the_stranger_s(kiln: Callable[..., Kiln]) -> None:
    image_id = own_definition()
    of = submitted(kiln(template(distribute=[into(image_id)])))
    assert made(of.build()) == ["1.0.0"]

    def publish_by_hand(_: object) -> None:
        body: Any = {
            "location": "westeurope",
            "properties": {"storageProfile": {"source": {"id": f"{image_id}/versions/1.0.0"}}},
        }
        clients.compute(SUBSCRIPTION).gallery_image_versions.begin_create_or_update(
            *gallery.names(image_id), "1.0.1", body, api_version=clients.GALLERIES, **arm.SOON
        ).result()

    of.runner.on_activity("start_version", publish_by_hand, nth=2)

    run = of.build()

    assert run.state == "Succeeded", run.message
    assert made(run) == ["1.0.2"]
    assert there(image_id)["1.0.1"] is None
    assert there(image_id)["1.0.2"] == run.run_id


@pytest.mark.parametrize("how", ["redeliver", "double"])
def test_a_choice_and_its_publication_that_happen_twice_make_one_version(kiln: Callable[..., Kiln], how: str) -> None:
    image_id = own_definition()
    twice = submitted(kiln(template(distribute=[into(image_id)])))
    for activity in ("choose_version", "start_version"):
        getattr(twice.runner, how)(activity)

    run = twice.build()

    assert run.state == "Succeeded", run.message
    assert there(image_id) == {"1.0.0": run.run_id}


def test_a_named_version_that_another_run_is_making_is_refused_before_anything_is_built(
    kiln: Callable[..., Kiln],
) -> None:
    image_id = own_definition()
    named = template(distribute=[into(f"{image_id}/versions/3.0.0")])
    first, second = submitted(kiln(named)), submitted(kiln(named))
    runs: list[RunRecord] = []
    first.runner.on_activity("start_machine", lambda _: runs.append(second.build()))

    run = first.build()

    (refused,) = runs
    assert run.state == "Succeeded", run.message
    assert refused.state == "Failed"
    assert refused.error is not None
    assert refused.error.code == "GalleryVersionTaken"
    assert run.run_id in refused.message
    assert [phase.name.value for phase in refused.phases] == ["plan", "clean up"]
    assert there(image_id) == {"3.0.0": run.run_id}


def test_a_number_that_a_canceled_run_had_reserved_is_free_again(kiln: Callable[..., Kiln]) -> None:
    image_id = own_definition()
    named = template(distribute=[into(f"{image_id}/versions/3.0.0")])
    first, second = submitted(kiln(named)), submitted(kiln(named))
    first.cancel_at("start_machine")
    assert first.build().state == RunState.CANCELED

    run = second.build()

    assert run.state == "Succeeded", run.message
    assert there(image_id) == {"3.0.0": run.run_id}
