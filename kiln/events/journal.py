"""The journal: the events published in the last week, one blob a day, to be read without a subscription to the topic.

It owns the blobs and the positions in them; it must not know who reads it. An event is written when Event Grid has
taken it. One that a crash or a fault kept out is written later, so events are not always in the order of their run.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.config import config
from kiln.runs.documents import STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azure.storage.blob import ContainerClient

CONTAINER = "kiln-events"
KEPT = timedelta(days=7)
PAGE_BYTES = 512 * 1024
"""Bytes of one read; Event Grid takes events of 1 MB at the most, and Kiln's are a few KB."""
STRAGGLERS = timedelta(minutes=1)
"""How long after midnight (UTC) a day may still get events; until then readers do not go on to the next day."""
_POSITION = re.compile(r"(\d{4}-\d{2}-\d{2}):(\d{1,12})")


@dataclass(frozen=True)
class Position:
    """A place in the journal: a day, and bytes from its beginning."""

    day: str
    offset: int

    @staticmethod
    def parse(text: str) -> Position:
        """Return the position that a text from `str(position)` stands for. Raises `ValueError`."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise ValueError(f"not a position: {text!r}")
        return Position(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.day}:{self.offset}"


@blobs.answering(*STATE)
def append(events: Sequence[dict[str, Any]], now: datetime) -> None:
    """Append events, in the form in which they were published: all or none."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    day = container().get_blob_client(_name(_day(now)))
    data = "".join(json.dumps(event, ensure_ascii=True) + "\n" for event in events).encode()
    try:
        day.append_block(data)
    except ResourceNotFoundError:
        _make_container()
        try:
            day.create_append_blob(match_condition=MatchConditions.IfMissing)
        except ResourceExistsError:  # another instance began the day
            pass
        else:
            _forget(now - KEPT)
        day.append_block(data)


@blobs.answering(*STATE)
def read(after: Position, now: datetime) -> tuple[list[dict[str, Any]], Position]:
    """Return the events after a position, oldest first, as far as one read goes, and the position after them."""
    data = _from(after)
    complete = data[: data.rfind(b"\n") + 1]
    events = [json.loads(line) for line in complete.splitlines()]
    position = Position(after.day, after.offset + len(complete))
    if not events and _day(now - STRAGGLERS) > after.day:
        following = next((day for day in _days() if day > after.day), None)
        position = Position(following, 0) if following else position
    return events, position


@blobs.answering(*STATE)
def beginning(now: datetime) -> Position:
    """Return the position of the oldest event that is kept."""
    return Position(next(_days(), _day(now)), 0)


@blobs.answering(*STATE)
def end(now: datetime) -> Position:
    """Return the position after the latest event."""
    from azure.core.exceptions import ResourceNotFoundError

    day = _day(now)
    try:
        return Position(day, container().get_blob_client(_name(day)).get_blob_properties().size)
    except ResourceNotFoundError:
        return Position(day, 0)


def container() -> ContainerClient:
    """Return the journal's container."""
    return blobs.state_account(config().state_endpoint).get_container_client(CONTAINER)


def _from(position: Position) -> bytes:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    blob = container().get_blob_client(_name(position.day))
    try:
        return blob.download_blob(position.offset, PAGE_BYTES).readall()
    except ResourceNotFoundError:
        return b""
    except HttpResponseError as error:
        if error.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # nothing is after the position
            raise
        return b""


def _days() -> Iterator[str]:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        for name in container().list_blob_names():
            yield name.removesuffix(".jsonl")
    except ResourceNotFoundError:
        return


def _forget(before: datetime) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    for day in list(_days()):
        if day < _day(before):
            try:
                container().delete_blob(_name(day))
            except ResourceNotFoundError:  # another instance was faster
                continue


def _make_container() -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        container().create_container()
    except ResourceExistsError:
        return


def _name(day: str) -> str:
    return f"{day}.jsonl"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
