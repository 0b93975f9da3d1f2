"""Kiln's health over HTTP: examined anew for whoever asks. Kiln's own.

An examination takes seconds. Until it has ended, the answer is 202 with a Location to ask again.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import azure.durable_functions as df

from kiln.doctor.health_resource import shown, without_state
from kiln.doctor.latest_health import LatestHealth
from kiln.errors import RequestInvalid, StorageUnavailable
from kiln.ids import PROVIDER
from kiln.lifecycle.maintenance import is_sweeping, start_examination
from kiln.runs.documents import STATE
from kiln.sweep.report import LatestSweep
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.reply import Reply

if TYPE_CHECKING:
    from triggers.call import Call

LOOK_AGAIN_SECONDS = "1"
STORE_SECONDS = 15
"""The time for the store to answer: its client tries for half a minute, which is longer than people wait."""

bp = df.Blueprint()


@endpoint(bp, "GET", PROVIDER_ROUTE + "/health", "health/read")
async def show_health(call: Call) -> Reply:
    """Answer the findings of an examination that began after the request, or after the query's `after`.

    With the query's `sweep` (any value) it begins after the sweep that is going.
    """
    after = _after(call)
    if "sweep" in call.query and await is_sweeping(call.orchestrations):
        return later(call, call.now, sweep=True)
    try:
        found = await asyncio.wait_for(asyncio.to_thread(_known, call, after), STORE_SECONDS)
        if found is None:
            await start_examination(call.orchestrations, call.now)
    except StorageUnavailable as error:
        return Reply(HTTPStatus.OK, without_state(call.now, error.detail.message))
    except TimeoutError:
        return Reply(
            HTTPStatus.OK, without_state(call.now, f"{STATE[0]} does not answer within {STORE_SECONDS} seconds.")
        )
    if found is not None:
        return Reply(HTTPStatus.OK, found)
    return later(call, after, sweep=False)


def later(call: Call, after: datetime, *, sweep: bool) -> Reply:
    """Answer 202, with the URL of the findings of an examination that begins after `after`."""
    query = urlencode({"after": after.isoformat(), **({"sweep": "wait"} if sweep else {})})
    path = f"/subscriptions/{call.subscription}/providers/{PROVIDER}/health"
    headers = {"Location": f"{call.url(path)}&{query}", "Retry-After": LOOK_AGAIN_SECONDS}
    return Reply(HTTPStatus.ACCEPTED, headers=headers)


def _known(call: Call, after: datetime) -> dict[str, Any] | None:
    health = LatestHealth().latest()
    if health is None or health.at < after:
        return None
    return shown(health, LatestSweep().latest(), call.subscription, whole=call.may("health/read", "/"))


def _after(call: Call) -> datetime:
    text = call.query.get("after")
    try:
        return min(datetime.fromisoformat(text), call.now) if text else call.now
    except (ValueError, TypeError) as error:
        raise RequestInvalid(f"The query's after is {text!r}; expected a time.", target="after") from error
