"""Lists of instances in pages, as the Azure Storage provider gives them.

It owns order, size and token of a page; it knows no HTTP. The size is OrchestrationStatusQueryCondition.PageSize of
Azure/azure-functions-durable-extension; a page is the table's own (AzureStorageOrchestrationService of
Azure/durabletask: `AsPages(...).FirstOrDefaultAsync()`), in the order of instance ids, the partition key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devkit.host.protocol import RuntimeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from devkit.host.records import Instance

CONTINUATION = "x-ms-continuation-token"
PAGE = 100
"""Instances in a page, unless `top` says otherwise."""


class Page(NamedTuple):
    """The instances of a page that match, and the token to go on with: empty when all was looked at."""

    found: list[Instance]
    token: str


def asked_statuses(text: str) -> list[RuntimeStatus]:
    """Return the statuses in a query's list; others are passed over (`TryGetIEnumerableQueryParameterValue`)."""
    known = {item.value for item in RuntimeStatus}
    return [RuntimeStatus(item) for item in text.split(",") if item in known]


def page_of(
    instances: Iterable[Instance],
    statuses: Iterable[RuntimeStatus],
    window: tuple[datetime | None, datetime | None],
    size: int,
    token: str,
) -> Page:
    """Return those of the next `size` instances after `token` that match; both times of the window are included.

    A page may be short, or have nothing, although more follows: a table query may return no results and a token all the
    same ("Query timeout and pagination", Azure Table Storage). Here that holds for each page of filtered instances.
    """
    wanted, (since, before) = set(statuses), window
    ordered = sorted((each for each in instances if each.instance_id > token), key=lambda each: each.instance_id)
    looked_at, more = ordered[:size], ordered[size:]
    found = [
        each
        for each in looked_at
        if (not wanted or each.runtime_status in wanted)
        and (since is None or each.created >= since)
        and (before is None or each.created <= before)
    ]
    return Page(found, looked_at[-1].instance_id if more and looked_at else "")
