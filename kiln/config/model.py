"""All settings of the app, in one list: their names, kinds, defaults, bounds and purposes.

The table in docs/operations.md is made from it, the doctor knows no other names, and tests compare infra/ with it. It
is a plain pydantic model. pydantic-settings would save a few lines of reading.py, but it costs two more packages and
0.1 s of each cold start, and it cannot keep a default, and report that, when a value is not valid.
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
    arm_endpoint: Annotated[
        Endpoint, Setting("KILN_ARM_ENDPOINT", "The address of Azure Resource Manager.", hidden=True)
    ] = "https://management.azure.com"
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
            "The endpoint of the Event Grid topic (CloudEvents) on which Kiln announces its events.",
            unset="nothing is announced",
            hidden=True,
        ),
    ] = None
    blob_suffixes: Annotated[
        Hosts,
        Setting(
            "KILN_BLOB_SUFFIXES",
            "The hosts of Azure Storage; no other host of scripts and files is sent a token of a template's identity.",
        ),
    ] = (".blob.core.windows.net",)
    public_host: Annotated[
        PublicHost,
        Setting(
            "KILN_PUBLIC_HOST",
            "The host in the https links of Kiln's answers, if there is a front end before Kiln.",
            unset="the host of the request",
        ),
    ] = None

    auth_authority: Annotated[
        Authority,
        Setting(
            "KILN_AUTH_AUTHORITY",
            "The authority whose tokens the API accepts, such as `https://login.microsoftonline.com/<tenant id>`.",
            unset="nobody is let in",
            otherwise="so nobody can sign in",
            hidden=True,
        ),
    ] = None
    auth_audiences: Annotated[
        Audiences,
        Setting(
            "KILN_AUTH_AUDIENCES",
            "The audiences of tokens that the API accepts: the client id of Kiln's registration (in tokens of version "
            "2.0), or its URI (in those of 1.0).",
            unset="nobody is let in",
            hidden=True,
        ),
    ] = frozenset()
    auth_principal_header: Annotated[
        Flag,
        Setting(
            "KILN_AUTH_PRINCIPAL_HEADER",
            "Whether App Service's header `X-MS-CLIENT-PRINCIPAL` says who calls, if a request has no token.",
            otherwise="so that header is ignored",
        ),
    ] = False
    platform_checks: Annotated[
        PlatformFlag,
        Setting(
            "WEBSITE_AUTH_ENABLED",
            "Whether App Service authentication is in front of the app; if it is not, its header is ignored, because "
            "any client could send it.",
            platform=True,
        ),
    ] = False
    grants: Annotated[
        Grants,
        Setting(
            "KILN_GRANTS",
            "The roles of principals at scopes, in addition to the app roles in tokens.",
            otherwise="so it grants nothing",
            hidden=True,
        ),
    ] = ""
    reach: Annotated[
        Reach,
        Setting(
            "KILN_REACH",
            "The resources that templates may name, by the scope of the templates.",
            unset="only marketplace images",
            hidden=True,
        ),
    ] = ""
    rate_limit: Annotated[
        Factor,
        Setting(
            "KILN_RATE_LIMIT",
            "The factor by which the API's request limits are multiplied, in each instance of the app.",
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
        Setting(
            "KILN_PRIVATE_ARTIFACTS", "The servers with private addresses from which scripts and files may be fetched."
        ),
    ] = ()
    rebuild_concurrency: Annotated[
        int,
        Field(ge=1),
        Setting("KILN_REBUILD_CONCURRENCY", "The most rebuilds, which new source images start, at the same time."),
    ] = 10

    history_days: Annotated[
        int,
        Field(ge=0, le=36500),
        Setting(
            "KILN_HISTORY_DAYS",
            "How long the histories of ended orchestrations are kept, in days; 0 for ever.",
        ),
    ] = 30
    retention_days: Annotated[
        int,
        Field(ge=0, le=36500),
        Setting(
            "KILN_RETENTION_DAYS",
            "How long ended runs (records and logs), replaced versions of templates, and operations are kept, in "
            "days; 0 for ever.",
        ),
    ] = 90

    outbox_schedule: Annotated[
        Schedule,
        Setting(
            "KILN_OUTBOX_SCHEDULE", "When events are published that could not be published at once.", otherwise=NO_TIMER
        ),
    ] = "0 * * * * *"
    watch_schedule: Annotated[
        Schedule,
        Setting("KILN_WATCH_SCHEDULE", "When the marketplace is asked for new versions of images.", otherwise=NO_TIMER),
    ] = "0 */15 * * * *"
    sweep_schedule: Annotated[
        Schedule,
        Setting(
            "KILN_SWEEP_SCHEDULE", "When leftovers of builds are deleted and lost runs are ended.", otherwise=NO_TIMER
        ),
    ] = "0 20 * * * *"

    bad: tuple[BadSetting, ...] = ()
    """Settings whose values are not valid, so that their defaults count. This field is not a setting itself."""

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
