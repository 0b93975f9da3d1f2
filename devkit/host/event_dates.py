"""Dates in events, as the Functions host hands them on: read and written anew.

It owns the form of texts that Newtonsoft.Json takes for dates. The Event Grid extension parses a request with
`JToken.Parse` (`HttpRequestProcessor`, Azure/azure-sdk-for-net), which makes dates of such texts wherever they are, and
the host writes them again for the worker (azure-functions-core-tools issue 3026 shows it). So `...:44.000Z` reaches a
function as `...:44Z`, and another zone's time as UTC, the zone of the host. The rules are those of Newtonsoft's
`DateTimeUtils`, `DateTimeParser` and `JsonTextWriter`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_DATE = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,7}))?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?)?",
    re.ASCII,
)


def rewritten(value: Any) -> Any:
    """Return decoded JSON with its dates written anew; names of properties stay as they are."""
    if isinstance(value, dict):
        return {name: rewritten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rewritten(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    found = _DATE.fullmatch(text)
    if found is None:
        return text
    try:
        moment = datetime.fromisoformat(found["second"])
        if found["sign"]:
            offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
            zone = timezone(offset if found["sign"] == "+" else -offset)
            moment = moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # no date: a 13th month, an offset of a day, a year before the first
        return text
    fraction = (found["fraction"] or "").rstrip("0")
    written = f"{moment.isoformat()}.{fraction}" if fraction else moment.isoformat()
    return written + ("+00:00" if found["sign"] else found["zone"] or "")
