"""Facts that a build leaves on a gallery version for its dependents, as Azure gives them back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kiln.cloud.gallery_versions import version_facts
from kiln.rebuild.contracts import VersionFacts
from kiln.runs.lineage import short_name
from kiln.runs.record import RunCause
from kiln.runs.runs import Runs
from tests.flows.local_azure.kiln import GALLERY, gallery, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.local_azure.kiln import Kiln


def test_a_version_tells_its_regions_and_the_templates_that_led_to_it(kiln: Callable[..., Kiln]) -> None:
    built = kiln(template(distribute=[gallery("northeurope")]))
    built.submit()
    run, flow = built.start_build()
    cause = RunCause(trigger="base", lineage=("00000001",))
    Runs().update(run.template, run.run_id, lambda known: known.model_copy(update={"cause": cause}))
    assert flow.finish().status == "Completed"

    (output,) = built.run(run.run_id).outputs
    assert output.artifact_id is not None
    image, _, version = output.artifact_id.rpartition("/versions/")
    facts = version_facts(image, version)

    assert facts.maker == built.id.key
    assert facts.lineage == ("00000001", short_name(built.id))
    assert set(facts.regions or ()) == {"westeurope", "northeurope"}
    assert isinstance(facts.published, datetime)
    assert not facts.excluded


def test_a_version_that_is_excluded_says_so(kiln: Callable[..., Kiln]) -> None:
    built = kiln(template(distribute=[{**gallery(), "excludeFromLatest": True}]))
    built.submit()

    (output,) = built.build().outputs

    assert output.artifact_id is not None
    image, _, version = output.artifact_id.rpartition("/versions/")
    assert version_facts(image, version).excluded


def test_a_version_that_is_gone_is_told_as_gone() -> None:
    assert version_facts(f"{GALLERY}/images/hello", "99.0.0") == VersionFacts(gone=True)
