"""Requests that tests send over HTTP, and parts of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.kiln_api.conftest import template_body, template_path
from tests.waiting import until

if TYPE_CHECKING:
    import httpx


def put(http: httpx.Client, group: str, does: str = "succeed", **headers: str) -> httpx.Response:
    """PUT the template `web`, whose stand-in build ends as `does` says."""
    return http.put(template_path(group, "web"), json=template_body(does), headers=headers)


def ready(http: httpx.Client, group: str, does: str = "succeed") -> str:
    """PUT a template and wait until its submission is over; return its path."""
    operation = put(http, group, does).headers["Azure-AsyncOperation"]
    until(lambda: http.get(operation).json()["status"] == "Succeeded")
    return template_path(group, "web")


def last_run(http: httpx.Client, group: str) -> dict[str, Any]:
    """Return the `lastRunStatus` of the template `web`."""
    properties: dict[str, Any] = http.get(template_path(group, "web")).json()["properties"]
    status: dict[str, Any] = properties["lastRunStatus"]
    return status


def code(response: httpx.Response) -> str:
    """Return the code of an error."""
    return str(response.json()["error"]["code"])
