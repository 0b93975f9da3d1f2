"""Behaviour that no property shows, in AIB and in Kiln: one line for each thing that AIB documents."""

from __future__ import annotations

from typing import NamedTuple

HEAD = ("what", "AIB", "Kiln")


class Behaviour(NamedTuple):
    """One behaviour, as AIB documents it and as Kiln has it."""

    what: str
    azure: str
    kiln: str


BEHAVIOUR = (
    Behaviour(
        "PUT on a template that exists",
        "409 Conflict: a template cannot be replaced",
        "updates it, and keeps the old version; `If-None-Match: *` gives AIB's 409",
    ),
    Behaviour(
        "a template that was taken and is wrong",
        "provisioningState Failed, with a provisioningError; its name is blocked until it is deleted",
        "the same state and codes; the next PUT fixes it",
    ),
    Behaviour(
        "problems of a body",
        "one at a time, often without a place",
        "all at once, each with its path, what was expected and where the rule stands",
    ),
    Behaviour(
        "unknown and mis-cased names",
        "refused since 2024-02-01, before that ignored",
        "refused at every api-version, with the name that was meant",
    ),
    Behaviour(
        "a property that is null",
        "what Resource Manager makes of an ARM template's `null`: a property that is not there",
        "the same, also for properties that only other types of the object have, such as `destination` in a Shell "
        "customizer; in a PATCH, null for or in `vmProfile` means the default (RFC 7396), and is refused for "
        "`distribute`",
    ),
    Behaviour(
        "preview api-versions",
        "taken while they live",
        "refused, with the nearest stable one in the message",
    ),
    Behaviour("POST run", "no body", "the same, or a body with overrides for this run"),
    Behaviour(
        "runs",
        "the last one's status alone",
        "all of them as child resources, with phases, outputs and logs, and retry",
    ),
    Behaviour(
        "cancel and delete",
        "not in every state",
        "in every state; what is not whole is cleaned up, images that are stay, and the run names them",
    ),
    Behaviour(
        "where customizers run",
        "Packer in a container, over SSH or WinRM",
        "managed Run Command, through the VM agent: no public address, no inbound port",
    ),
    Behaviour(
        "staging group",
        "`IT_<group>_<template>_<guid>`, one for each template, deleted with it",
        "the same, unless it has what Kiln did not make; after a run only what costs nothing by the hour is left",
    ),
    Behaviour(
        "artifacts",
        "fetched when the template is submitted, checksums verified then",
        "the same; if the staging storage was deleted, the next build fetches them again",
    ),
    Behaviour(
        "build timeout",
        "covers customize, optimize, validate and distribute",
        "the same; the clean-up comes after it",
    ),
    Behaviour(
        "deprovisioning",
        "`waagent -deprovision+user` or sysprep, or `/tmp/DeprovisioningScript.sh`, `c:\\DeprovisioningScript.ps1`",
        "the same scripts, run apart from the agent, which they stop",
    ),
    Behaviour(
        "source and image definition",
        "a mismatch fails the distribution, after the build",
        "generation, architecture, OS and security type are compared when the template is submitted and before a build",
    ),
    Behaviour(
        "validation",
        "on a machine made from the image; a failure fails the run",
        "the same; the image is a shallow gallery version in the staging group",
    ),
    Behaviour(
        "several targets",
        "PartiallySucceeded if some fail",
        "in parallel; PartiallySucceeded, with each target's own error",
    ),
    Behaviour(
        "replication",
        "a region that is late fails the build at its timeout",
        "a late region never fails a good image, and can be retried alone",
    ),
    Behaviour(
        "logs",
        "blobs of the container `packerlogs`",
        "the same names in the staging storage; the API gives them from any byte on, while they grow",
    ),
    Behaviour(
        "triggers",
        "kind SourceImage, 100 in a region, deactivated after failures",
        "kind SourceImage, with AIB's rules for templates; no limit; deactivation is shown and announced",
    ),
    Behaviour(
        "image definitions",
        "a triggered template cannot build into the definition that it builds from",
        "it can, as it is not rebuilt for versions of its own; cycles over several templates are refused",
    ),
)

LACKING = (
    Behaviour(
        "sources in a Direct Shared Gallery",
        "a preview feature",
        "no: their ids belong to no subscription that Kiln could ask",
    ),
    Behaviour(
        "Isolated Image Builds, `proxyVmSize`, `containerInstanceSubnetId`",
        "the container and the proxy that Packer needs",
        "taken and recorded as not used: there is neither",
    ),
    Behaviour(
        "the boot optimization of Microsoft's subscription",
        "reads what a boot reads, and rearranges the disk",
        "no: it is not public; `optimize.vmBoot` does what can be done in the machine",
    ),
    Behaviour(
        "specialized source images, images that are TrustedLaunch or Confidential VM alone",
        "not supported",
        "not supported either, and refused before a build",
    ),
    Behaviour(
        "tracing ids of AIB's service in messages", "Correlation ID, OperationId", "the run's id, and ARM's headers"
    ),
)
