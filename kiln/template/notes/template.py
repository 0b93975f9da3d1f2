"""Notes on the template itself and its build machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.template.models import (
    AssignedIdentity,
    AutoRun,
    ErrorHandling,
    Identity,
    ImageTemplate,
    Optimize,
    TemplateProperties,
    VmBoot,
    Workload,
)
from kiln.template.notes.note import Note, Notes
from kiln.template.notes.steps import CHECKSUM, SCRIPT_URI
from kiln.template.patch import IdentityPatch, PatchBody, PropertiesPatch
from kiln.template.sources import PlatformImageSource, SharedImageSource
from kiln.template.vm_profile import DataDisk, VmProfile, VnetConfig

if TYPE_CHECKING:
    from kiln.template.base import Model

RESOURCE = {
    "id": Note("Read-only; ignored when sent"),
    "name": Note("Read-only; ignored when sent"),
    "type": Note("Read-only; ignored when sent"),
    "systemData": Note("Read-only; ignored when sent"),
}
NO_NEED = "Kiln has no container and no proxy: it drives the machine through Run Command, with no inbound port"

NOTES: Notes = {
    ImageTemplate: {
        **RESOURCE,
        "$schema": Note("The address of the JSON Schema, for an editor; ignored when sent", "Kiln's own"),
        "apiVersion": Note("Ignored when sent", "AIB's release notes warn that it breaks a template"),
        "location": Note("The region of the template and of its builds", "any region; AIB has a list"),
        "tags": Note("The template's tags", "refused when sent beyond Azure's limits"),
        "identity": Note("The template's identity; required"),
        "properties": Note("What is built", "required; AIB's definition lets a body without them pass"),
    },
    Identity: {
        "type": Note("`UserAssigned` or `None`", "`UserAssigned` if left out"),
        "userAssignedIdentities": Note(
            "One identity, which reads artifacts from storage accounts",
            "everything else is done with Kiln's own identity, so this one needs no other role",
        ),
        "principalId": Note("Ignored when sent"),
        "tenantId": Note("Ignored when sent"),
    },
    AssignedIdentity: {
        "principalId": Note("Read-only; ignored when sent"),
        "clientId": Note("Read-only; ignored when sent"),
    },
    TemplateProperties: {
        "source": Note("Where the image comes from"),
        "customize": Note(
            "What is done to it, in order; the first failure ends the build", "`Restart` for any operating system"
        ),
        "distribute": Note("Where it goes; several targets at once, each with its own outcome"),
        "optimize": Note("What makes machines of the image start faster"),
        "validate": Note("How the image is tested before it is distributed"),
        "errorHandling": Note("What becomes of the machine of a failed build"),
        "vmProfile": Note("The build machine"),
        "additionalDataDisks": Note("Empty data disks that become part of the image, besides the source's own"),
        "buildTimeoutInMinutes": Note(
            "The most minutes of a build, with all its phases; 0 for 240, otherwise 6 to 960",
            "1 to 5 are refused at once; AIB fails such a build",
        ),
        "stagingResourceGroup": Note(
            "The staging group's id, in the template's subscription: made if it is not there, otherwise empty, in the "
            "same region and no other template's; empty for one of Kiln's own, `IT_...`"
        ),
        "autoRun": Note("Whether a build starts when the template was submitted"),
        "managedResourceTags": Note(
            "Tags of the staging group and of what is made in it",
            "44 at the most, as Kiln adds up to 6, and names of 128 characters, as a storage account has them, too; "
            "refused when sent beyond Azure's limits",
        ),
        "provisioningState": Note("Read-only: Creating, Updating, Succeeded, Failed or Deleting; ignored when sent"),
        "provisioningError": Note("Read-only: `provisioningErrorCode`, one of AIB's, and `message`; ignored when sent"),
        "lastRunStatus": Note(
            "Read-only: `startTime`, `endTime`, `runState`, `runSubState` and `message`; ignored when sent"
        ),
        "exactStagingResourceGroup": Note("Read-only: the staging group's id; ignored when sent"),
    },
    Optimize: {
        "vmBoot": Note("The optimization of the boot"),
        "workload": Note("The optimization for what the image is made for"),
    },
    VmBoot: {
        "state": Note(
            "`Enabled` does ahead, in the build machine, what each first boot would do again",
            "AIB rearranges the disk in Microsoft's own subscription, which is not public; the gain is smaller",
        ),
    },
    Workload: {
        "state": Note("`Enabled` runs the script, if there is one, after the customizers"),
        "scriptUri": SCRIPT_URI,
        "sha256Checksum": CHECKSUM,
    },
    ErrorHandling: {
        "onCustomizerError": Note(
            "`cleanup`, or `abort` to keep the build machine, its disks and its network interface",
            "what was kept is deleted with the template; a cancel keeps nothing",
        ),
        "onValidationError": Note("`cleanup`, or `abort` to keep the validation machine", "as for `onCustomizerError`"),
    },
    AutoRun: {"state": Note("`Enabled` starts a build after every accepted submission")},
    VmProfile: {
        "vmSize": Note(
            "The build machine's size; `Standard_D2ds_v4` if empty",
            "also for generation 1, where AIB has `Standard_D1_v2`; `Standard_D2ps_v5` for Arm64",
        ),
        "osDiskSizeGB": Note("The size of the OS disk; 0 for the source's own; it only grows"),
        "userAssignedIdentities": Note("Identities of the build and validation machines"),
        "vnetConfig": Note("An existing network for the build and validation machines"),
    },
    VnetConfig: {
        "subnetId": Note("The subnet of the machines; empty for a network of Kiln's own"),
        "containerInstanceSubnetId": Note("Checked against `subnetId`, and recorded as not used", NO_NEED),
        "proxyVmSize": Note("Taken, not beside `containerInstanceSubnetId`, and recorded as not used", NO_NEED),
    },
    DataDisk: {"sizeGB": Note("The disk's size", "0 is 4 GB; AIB documents no size for it")},
    PatchBody: {
        **{name: Note("Ignored when sent") for name in (*RESOURCE, "apiVersion", "$schema")},
        "identity": Note("Identities to add or, with null, to remove; the type `None` removes them all"),
        "tags": Note("All tags anew"),
        "properties": Note("Changes to targets and build machine", "everything else can be changed by PUT"),
    },
    IdentityPatch: {
        "type": Note("`UserAssigned`, or `None` to remove all identities", "`UserAssigned` if left out"),
        "userAssignedIdentities": Note("Identities to add or, with null, to remove; one at most remains"),
        "principalId": Note("Ignored when sent"),
        "tenantId": Note("Ignored when sent"),
    },
    PropertiesPatch: {
        "distribute": Note("All targets anew, with every `runOutputName` that there is"),
        "vmProfile": Note("Merged into the build machine's (RFC 7396)"),
    },
}

READ_ONLY_SINCE: dict[tuple[type[Model], str], str] = {
    (PlatformImageSource, "exactVersion"): "2021-10-01",
    (SharedImageSource, "exactVersion"): "2022-07-01",
    (TemplateProperties, "exactStagingResourceGroup"): "2022-02-14",
    (ImageTemplate, "systemData"): "2021-10-01",
}
"""The first api-version of read-only members that are younger than the object that they are in."""

KILNS_OWN: frozenset[tuple[type[Model], str]] = frozenset(
    [(ImageTemplate, "$schema"), (ImageTemplate, "apiVersion")]
    + [(model, name) for model in (Identity, IdentityPatch) for name in model.read_only]
    + [(PatchBody, name) for name in PatchBody.read_only]
)
"""What Kiln ignores when it is sent, and Microsoft's definitions do not have in that place."""
