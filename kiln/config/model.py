"""All settings of the app: the one list of their names, kinds, defaults and bounds, and of what they are for.

The table in docs/operations.md is made of it, the doctor knows no other names, and tests hold infra/ against it.
It is a plain pydantic model. pydantic-settings would save a few lines of reading.py, and costs two more packages and
0.1 s of each cold start; and it knows no setting that is told, and left at its default, when its value is bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from kiln.config.kinds import (
    Audiences,
    Authority,
    ClientId,
    Endpoint,
    Factor,
    Flag,
    Grants,
    Hosts,
    Places,
    PlatformFlag,
    PublicHost,
    Reach,
    Schedule,
    Scope,
    Url,
)
from kiln.config.setting import AppSetting, BadSetting, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024
NO_TIMER = "so its timer does not run"


class Config(BaseModel):
    """The settings of one process."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    state_endpoint: Annotated[
        Endpoint,
        Setting(
            "KILN_STATE_ENDPOINT",
            "The blob endpoint of the storage account that holds templates and run records.",
            hidden=True,
        ),
    ]
    arm_endpoint: Annotated[Endpoint, Setting("KILN_ARM_ENDPOINT", "Where Azure Resource Manager is.", hidden=True)] = (
        "https://management.azure.com"
    )
    arm_scope: Annotated[Scope, Setting("KILN_ARM_SCOPE", "The scope of the tokens for Azure Resource Manager.")] = (
        "https://management.azure.com/.default"
    )
    client_id: Annotated[
        ClientId,
        Setting(
            "AZURE_CLIENT_ID",
            "The user-assigned identity that the app signs in with.",
            unset="the system-assigned identity",
        ),
    ] = None
    topic_endpoint: Annotated[
        Url,
        Setting(
            "KILN_TOPIC_ENDPOINT",
            "The Event Grid topic (CloudEvents) for what Kiln announces.",
            unset="nothing is announced",
            hidden=True,
        ),
    ] = None
    blob_suffixes: Annotated[
        Hosts, Setting("KILN_BLOB_SUFFIXES", "The hosts of Azure Storage, which alone get tokens of identities.")
    ] = (".blob.core.windows.net",)
    public_host: Annotated[
        PublicHost,
        Setting(
            "KILN_PUBLIC_HOST",
            "The host in the https links that Kiln answers with, behind a front end of one's own.",
            unset="the host that was asked",
        ),
    ] = None

    auth_authority: Annotated[
        Authority,
        Setting(
            "KILN_AUTH_AUTHORITY",
            "Who signs the tokens that open the API, such as `https://login.microsoftonline.com/<tenant id>`.",
            unset="nobody is let in",
            otherwise="so nobody can sign in",
            hidden=True,
        ),
    ] = None
    auth_audiences: Annotated[
        Audiences,
        Setting(
            "KILN_AUTH_AUDIENCES",
            "What tokens for Kiln are for: its registration's client id (in tokens of version 2.0), or its URI (in "
            "those of 1.0).",
            unset="nobody is let in",
            hidden=True,
        ),
    ] = frozenset()
    auth_principal_header: Annotated[
        Flag,
        Setting(
            "KILN_AUTH_PRINCIPAL_HEADER",
            "Whether App Service's own word, `X-MS-CLIENT-PRINCIPAL`, counts where a request has no token.",
            otherwise="so App Service's word does not count",
        ),
    ] = False
    platform_checks: Annotated[
        PlatformFlag,
        Setting(
            "WEBSITE_AUTH_ENABLED",
            "Whether App Service authentication is in front of the app; without it clients could send its header "
            "themselves, and it does not count.",
            platform=True,
        ),
    ] = False
    grants: Annotated[
        Grants,
        Setting(
            "KILN_GRANTS",
            "Who has which role where, beside the app roles in tokens.",
            otherwise="so it grants nothing",
            hidden=True,
        ),
    ] = ""
    reach: Annotated[
        Reach,
        Setting(
            "KILN_REACH",
            "Which resources templates may name, by where the templates are.",
            unset="marketplace images alone",
            hidden=True,
        ),
    ] = ""
    rate_limit: Annotated[
        Factor,
        Setting(
            "KILN_RATE_LIMIT",
            "What the API's request limits are multiplied by, in each instance of the app.",
            otherwise="so the limits are not multiplied",
        ),
    ] = 1.0

    artifact_limit_mb: Annotated[
        int,
        Field(ge=1),
        Setting("KILN_ARTIFACT_LIMIT_MB", "The largest script or file that a template may name, in MiB."),
    ] = 4096
    private_artifacts: Annotated[
        Places,
        Setting("KILN_PRIVATE_ARTIFACTS", "The servers of scripts and files that may have private addresses."),
    ] = ()
    rebuild_concurrency: Annotated[
        int,
        Field(ge=1),
        Setting("KILN_REBUILD_CONCURRENCY", "The most builds that new source images lead to at the same time."),
    ] = 10

    history_days: Annotated[
        int,
        Field(ge=0, le=36500),
        Setting(
            "KILN_HISTORY_DAYS",
            "How long histories of orchestrations that are over are kept, in days; 0 for ever.",
        ),
    ] = 30
    retention_days: Annotated[
        int,
        Field(ge=0, le=36500),
        Setting(
            "KILN_RETENTION_DAYS",
            "How long runs that are over (records and logs), replaced versions and operations are kept, in days; 0 for "
            "ever.",
        ),
    ] = 90

    outbox_schedule: Annotated[
        Schedule,
        Setting("KILN_OUTBOX_SCHEDULE", "When announcements are published that failed at once.", otherwise=NO_TIMER),
    ] = "0 * * * * *"
    watch_schedule: Annotated[
        Schedule,
        Setting("KILN_WATCH_SCHEDULE", "When the marketplace is asked for new versions.", otherwise=NO_TIMER),
    ] = "0 */15 * * * *"
    sweep_schedule: Annotated[
        Schedule,
        Setting("KILN_SWEEP_SCHEDULE", "When what builds left behind is deleted.", otherwise=NO_TIMER),
    ] = "0 20 * * * *"

    bad: tuple[BadSetting, ...] = ()
    """Settings of which the value is not accepted and the default counts; no setting itself."""

    @property
    def artifact_limit(self) -> int:
        """The largest artifact, in bytes."""
        return self.artifact_limit_mb * MIB


SETTINGS: Mapping[str, AppSetting] = {
    mark.name: AppSetting(field, mark, info)
    for field, info in Config.model_fields.items()
    for mark in info.metadata
    if isinstance(mark, Setting)
}
"""Each setting by its name, in the order of the model."""
