"""Notes on the template itself and on its build machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.template.envelope import IGNORED
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
NO_NEED = "Kiln needs no container and no proxy: it uses Run Command, which needs no inbound port"

NOTES: Notes = {
    ImageTemplate: {
        **RESOURCE,
        "$schema": Note("The address of the JSON Schema, for an editor; ignored when sent", "Kiln's own"),
        "apiVersion": Note("Ignored when sent", "AIB's release notes warn that it breaks a template"),
        **{name: Note("Of an ARM template's resource; ignored when sent", "Kiln's own") for name in IGNORED},
        "location": Note("The region of the template and of its builds", "any region; AIB has a list"),
        "tags": Note("The template's tags", "refused at once beyond Azure's limits"),
        "identity": Note("The template's identity; required"),
        "properties": Note("The image and how to build it", "required; optional in AIB's definition"),
    },
    Identity: {
        "type": Note("`UserAssigned` or `None`", "`UserAssigned` if left out"),
        "userAssignedIdentities": Note(
            "One identity, with which artifacts are read from storage accounts",
            "Kiln does everything else with its own identity, so this one needs no other role",
        ),
        "principalId": Note("Ignored when sent"),
        "tenantId": Note("Ignored when sent"),
    },
    AssignedIdentity: {
        "principalId": Note("Read-only; ignored when sent"),
        "clientId": Note("Read-only; ignored when sent"),
    },
    TemplateProperties: {
        "source": Note("The image to build from"),
        "customize": Note(
            "The customizers, in order; the first failure ends the build",
            "there is also `Restart`, for any operating system",
        ),
        "distribute": Note("The targets; they are made at the same time, each with an outcome of its own"),
        "optimize": Note("Optimizations with which machines of the image start faster"),
        "validate": Note("The validators, which test the image before it is distributed"),
        "errorHandling": Note("Whether the machine of a failed build is kept"),
        "vmProfile": Note("The build machine"),
        "additionalDataDisks": Note("Empty data disks that become part of the image, besides the source's own"),
        "buildTimeoutInMinutes": Note(
            "The most minutes that a build may take, with all its phases; 0 for 240, otherwise 6 to 960",
            "1 to 5 are refused at once; AIB fails such a build",
        ),
        "stagingResourceGroup": Note(
            "The staging group's id, in the template's subscription. The group is created if it does not exist; if it "
            "does, it has to be empty, in the same region, and no other template's. Left empty, Kiln creates a group "
            "`IT_...`"
        ),
        "autoRun": Note("Whether a build starts once the template is submitted"),
        "managedResourceTags": Note(
            "Tags of the staging group and of the resources in it",
            "44 at most, as Kiln adds up to 6, with names of up to 128 characters, the limit of storage accounts; "
            "refused at once beyond Azure's limits",
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
        "workload": Note("The optimization for the image's workload"),
    },
    VmBoot: {
        "state": Note(
            "`Enabled` does work in the build machine that the first boot of each machine would have to do",
            "the gain is smaller: AIB rearranges the disk in Microsoft's own subscription, by a method that is not "
            "public",
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
            "kept resources are deleted with the template; a canceled run keeps nothing",
        ),
        "onValidationError": Note("`cleanup`, or `abort` to keep the validation machine", "as for `onCustomizerError`"),
    },
    AutoRun: {"state": Note("`Enabled` starts a build after every submission that succeeds")},
    VmProfile: {
        "vmSize": Note(
            "The build machine's size; `Standard_D2ds_v4` if empty",
            "the default is the same for generation 1, while AIB takes `Standard_D1_v2`; for Arm64 it is "
            "`Standard_D2ps_v5`",
        ),
        "osDiskSizeGB": Note("The size of the OS disk; 0 for the source's own; it cannot be smaller than that"),
        "userAssignedIdentities": Note("Identities of the build and validation machines"),
        "vnetConfig": Note("An existing network for the build and validation machines"),
    },
    VnetConfig: {
        "subnetId": Note("The subnet of the machines; empty for a network of Kiln's own"),
        "containerInstanceSubnetId": Note("Checked against `subnetId`; not used, and the plan says so", NO_NEED),
        "proxyVmSize": Note("Not allowed beside `containerInstanceSubnetId`; not used, and the plan says so", NO_NEED),
    },
    DataDisk: {"sizeGB": Note("The disk's size", "0 means 4 GB; AIB does not document its meaning")},
    PatchBody: {
        **{name: Note("Ignored when sent") for name in (*RESOURCE, "apiVersion", "$schema")},
        "identity": Note("Identities to add or, with null, to remove; the type `None` removes them all"),
        "tags": Note("Tags that replace all others"),
        "properties": Note("Changes to targets and build machine", "everything else can be changed by PUT"),
    },
    IdentityPatch: {
        "type": Note("`UserAssigned`, or `None` to remove all identities", "`UserAssigned` if left out"),
        "userAssignedIdentities": Note("Identities to add or, with null, to remove; one at most remains"),
        "principalId": Note("Ignored when sent"),
        "tenantId": Note("Ignored when sent"),
    },
    PropertiesPatch: {
        "distribute": Note(
            "Targets that replace all others; every existing `runOutputName` must be among them; null is refused"
        ),
        "vmProfile": Note("Merged into the template's `vmProfile` (RFC 7396); null, there or in it, means the default"),
    },
}

READ_ONLY_SINCE: dict[tuple[type[Model], str], str] = {
    (PlatformImageSource, "exactVersion"): "2021-10-01",
    (SharedImageSource, "exactVersion"): "2022-07-01",
    (TemplateProperties, "exactStagingResourceGroup"): "2022-02-14",
    (ImageTemplate, "systemData"): "2021-10-01",
}
"""The first api-version of each read-only member that is newer than the object that it is in."""

KILNS_OWN: frozenset[tuple[type[Model], str]] = frozenset(
    [(ImageTemplate, name) for name in ("$schema", "apiVersion", *IGNORED)]
    + [(model, name) for model in (Identity, IdentityPatch) for name in model.read_only]
    + [(PatchBody, name) for name in PatchBody.read_only]
)
"""Members that Kiln ignores when they are sent, and that Microsoft's definitions do not have in that place."""
