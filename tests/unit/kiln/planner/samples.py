"""Templates, facts and plans for the planner's tests: small, valid, and changed one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.ids import RunRef, TemplateId
from kiln.planner.facts import DefinitionFacts, Facts, ImageReference, SourceFacts
from kiln.planner.make_plan import gallery_image_ids, make_plan
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec, Plan, WholePlan
    from kiln.planner.retry import Retry
    from kiln.template.models import ImageTemplate

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
IMAGE = f"{GROUP_ID}/providers/Microsoft.Compute/galleries/gallery/images/hello"
MANAGED = f"{GROUP_ID}/providers/Microsoft.Compute/images"
IDENTITY = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
TEMPLATE_ID = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="hello")
RUN = RunRef(template=TEMPLATE_ID, run_id="20261122-022112-3f9c8a1b")
STAGING = "IT_rg-images_hello_0a1b2c3d"
GALLERY = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": IMAGE}
VHD = {"type": "VHD", "runOutputName": "vhd"}
SHELL = {"type": "Shell", "name": "install app", "inline": ["echo hello"]}
PLATFORM = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
LINUX = SourceFacts(
    reference=ImageReference(publisher="Debian", offer="debian-12", sku="12-gen2", version="0.20261101.1"),
    version="0.20261101.1",
    os="Linux",
    generation="V2",
    disk_size_gb=30,
)
WINDOWS = LINUX.model_copy(update={"os": "Windows", "disk_size_gb": 127})


def template(**properties: Any) -> ImageTemplate:
    """A template with these properties over a Debian that goes to one gallery."""
    return parse_template(
        {
            "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
            "properties": {"source": PLATFORM, "distribute": [GALLERY], **properties},
        }
    )


def facts_of(made: ImageTemplate, source: SourceFacts = LINUX, **definition: Any) -> Facts:
    """Facts in which every definition fits the source, but for what `definition` says."""
    fitting: dict[str, Any] = {
        "location": "westeurope",
        "os": source.os,
        "generation": source.generation,
        "architecture": source.architecture,
        "security": source.security,
        **definition,
    }
    return Facts(source=source, definitions={id_: DefinitionFacts(**fitting) for id_ in gallery_image_ids(made)})


def plan(
    of: SourceFacts = LINUX, *, facts: Facts | None = None, retry: Retry | None = None, **properties: Any
) -> WholePlan:
    """The plan of such a template."""
    made = template(**properties)
    return make_plan(
        made,
        run=RUN,
        version=3,
        made=None,
        staging_group=STAGING,
        staging_given=bool(properties.get("stagingResourceGroup")),
        facts=facts or facts_of(made, of),
        retry=retry,
    )


def machine_of(made: Plan) -> MachineSpec:
    """The plan's build machine, which is there."""
    assert made.machine is not None
    return made.machine
