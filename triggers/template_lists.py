"""Lists of image templates over HTTP: of a resource group, of a subscription, and of the versions that one had."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.runs.resources import version_resource
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from triggers.answers import template_answer
from triggers.endpoint import GROUP_ROUTE, PROVIDER_ROUTE, TEMPLATE_ROUTE, endpoint
from triggers.paging import listed, read_page
from triggers.readable import readable_keys, shown_run
from triggers.reply import Reply

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "GET", GROUP_ROUTE, "imageTemplates/read", partly=True)
async def list_templates_of_group(call: Call) -> Reply:
    """Answer those templates of a resource group that the caller may read."""
    return await asyncio.to_thread(_templates, call, call.group)


@endpoint(bp, "GET", PROVIDER_ROUTE + "/imageTemplates", "imageTemplates/read", partly=True)
async def list_templates_of_subscription(call: Call) -> Reply:
    """Answer those templates of a subscription that the caller may read."""
    return await asyncio.to_thread(_templates, call, None)


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/versions", "imageTemplates/versions/read")
async def list_versions(call: Call) -> Reply:
    """Answer every body that a template had, newest first."""
    return await asyncio.to_thread(_versions, call, call.template)


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/versions/{version}", "imageTemplates/versions/read")
async def get_version(call: Call) -> Reply:
    """Answer one body that a template had."""
    record = await asyncio.to_thread(Templates().require, call.template)
    version = await asyncio.to_thread(Versions().require, record, call.version)
    return Reply(HTTPStatus.OK, version_resource(record.id, version))


def _templates(call: Call, group: str | None) -> Reply:
    templates = Templates()

    def load(key: str) -> dict[str, Any] | None:
        record = templates.by_key(key)
        return template_answer(record, shown_run(record), call.api_version) if record else None

    page = read_page(readable_keys(call, "imageTemplates/read", group), load, call.query.get("$skiptoken"))
    return Reply(HTTPStatus.OK, listed(call, page))


def _versions(call: Call, template: TemplateId) -> Reply:
    record, versions = Templates().require(template), Versions()

    def load(number: str) -> dict[str, Any] | None:
        version = versions.get(record, int(number))
        return version_resource(record.id, version) if version else None

    numbers = (f"{number:08}" for number in range(1, record.version + 1))
    page = read_page(numbers, load, call.query.get("$skiptoken"), newest_first=True)
    return Reply(HTTPStatus.OK, listed(call, page))
