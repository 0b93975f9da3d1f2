"""Requests as the Functions worker hands them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from collections.abc import Mapping

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


def request(
    *,
    method: str = "GET",
    body: bytes = b"",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **route: str,
) -> func.HttpRequest:
    return func.HttpRequest(
        method,
        "http://127.0.0.1:7071/some/path",
        headers=headers or {},
        params={"api-version": "2025-10-01"} if query is None else query,
        route_params={"subscription": SUBSCRIPTION, "group": "rg", "name": "web", **route},
        body=body,
    )
