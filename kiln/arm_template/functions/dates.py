"""Functions of dates. Source: Microsoft's "Date functions for ARM templates"; durations are ISO 8601's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import Function, text, whole

_DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_CODES = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dddd": "%A", "ddd": "%a", "dd": "%d",
    "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "tt": "%p",
}  # fmt: skip
_CODE = re.compile(r"'([^']*)'|y+|M+|d+|H+|h+|m+|s+|f+|F+|t+|z+|[A-Za-z]")
BASIC = "yyyyMMdd'T'HHmmss'Z'"
"""The format in which `utcNow` writes a time."""
_STANDARD = {"u": "yyyy-MM-dd HH:mm:ss'Z'", "s": "yyyy-MM-dd'T'HH:mm:ss", "d": "MM/dd/yyyy", "D": "dddd, dd MMMM yyyy"}
"""The formats of one letter, and the patterns that they stand for."""


def moment(value: Any) -> datetime:
    """Return the time of a date in ISO 8601. Raises `ExpressionInvalid`."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError as error:
        raise ExpressionInvalid("not a date of ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def shown(at: datetime, how: str) -> str:
    """Return a time in a .NET date format. Raises `ExpressionInvalid` for a format that Kiln does not know."""
    pattern = _STANDARD.get(how, how)
    if len(pattern) == 1:
        raise ExpressionInvalid(f"the date format {how!r} is neither one of {', '.join(_STANDARD)} nor a pattern")
    return _CODE.sub(lambda code: _part(at, code), pattern)


def _part(at: datetime, code: re.Match[str]) -> str:
    word = code[0]
    if word.startswith("'"):
        return code[1]
    if word in _CODES:
        return at.strftime(_CODES[word])
    if set(word) == {"f"}:
        return f"{at.microsecond:06d}0"[: len(word)]
    single = {"M": at.month, "d": at.day, "H": at.hour, "h": at.hour % 12 or 12, "m": at.minute, "s": at.second}
    if word in single:
        return str(single[word])
    if word in {"T", "Z"}:
        return word
    raise ExpressionInvalid(f"the part {word!r} of a date format is not known to Kiln")


def _add(base: Any, duration: Any, how: Any = None) -> str:
    match = _DURATION.fullmatch(text(duration))
    if match is None or not any(match.groups()[1:]):
        raise ExpressionInvalid("not a duration of ISO 8601, such as P3D or -PT9H")
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[1:7])
    sign = -1 if match[1] else 1
    at = _by_months(moment(base), sign * (12 * years + months))
    at += sign * timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(match[8] or 0))
    return shown(at, _form(text(base)) if how is None else text(how))


def _form(base: str) -> str:
    """Return the format that a time is written in: a sum with it is written in the same one."""
    if "-" not in base:
        return BASIC
    return "u" if " " in base else "yyyy-MM-dd'T'HH:mm:ss'Z'"


def _by_months(at: datetime, months: int) -> datetime:
    """Return the time so many months later; a day that the month lacks becomes its last, as in .NET."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    following = datetime(year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC)
    last = (following - timedelta(days=1)).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def _from_epoch(seconds: Any) -> str:
    return shown(datetime.fromtimestamp(whole(seconds), UTC), "yyyy-MM-dd'T'HH:mm:ss'Z'")


FUNCTIONS = (
    Function("dateTimeAdd", 2, 3, _add),
    Function("dateTimeFromEpoch", 1, 1, _from_epoch),
    Function("dateTimeToEpoch", 1, 1, lambda value: int(moment(value).timestamp())),
)
