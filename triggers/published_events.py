"""Events of the last week over HTTP, as they were published: `kiln events tail` shows them."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.errors import RequestInvalid
from kiln.events import journal
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.reply import Reply

if TYPE_CHECKING:
    from triggers.call import Call

LATEST = "latest"

bp = df.Blueprint()


@endpoint(bp, "GET", PROVIDER_ROUTE + "/events", "events/read", partly=True)
async def list_events(call: Call) -> Reply:
    """Answer the subscription's events of the last week, those after the query's `after` (`latest`: none).

    An event that is of no template, such as a marketplace image's new version, is of the whole subscription.
    """
    return await asyncio.to_thread(_events, call)


def _events(call: Call) -> Reply:
    asked = call.query.get("after")
    if asked == LATEST:
        return Reply(HTTPStatus.OK, {"value": [], "after": str(journal.end(call.now))})
    try:
        after = journal.Position.parse(asked) if asked else journal.beginning(call.now)
    except ValueError as error:
        raise RequestInvalid(
            f"The query's after is {asked!r}; expected 'latest', or what an earlier answer gave.",
            code="InvalidParameter",
            target="after",
        ) from error
    events, position = journal.read(after, call.now)
    own = f"/subscriptions/{call.subscription}/".lower()
    value = [
        event
        for event in events
        if event["source"].lower().startswith(own) and call.may("events/read", event["source"])
    ]
    return Reply(HTTPStatus.OK, {"value": value, "after": str(position)})
