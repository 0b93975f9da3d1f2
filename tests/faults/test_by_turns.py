"""Documents that are in blobs and in memory by turns hold the same on both sides."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from kiln import blobs
from kiln.config import config
from kiln.errors import PreconditionFailed
from kiln.runs.documents import Documents
from tests.faults.by_turns import DocumentsByTurns
from tests.faults.memory import MemoryDocuments
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure


class Word(BaseModel):
    text: str


@pytest.fixture
def sides(local_azure: InProcessAzure) -> Iterator[tuple[DocumentsByTurns, Documents]]:
    """Documents by turns, and documents that see the blobs alone."""
    with own_clients(local_azure.environment()):
        container = blobs.account(config().state_endpoint).get_container_client(f"turns-{uuid.uuid4().hex[:8]}")
        yield DocumentsByTurns(container), Documents(container)


def test_what_is_written_on_one_side_is_there_on_the_other(sides: tuple[DocumentsByTurns, Documents]) -> None:
    turning, in_blobs = sides
    turning.to_memory()
    turning.create("a.json", Word(text="one"))
    assert list(in_blobs.paths("")) == []
    turning.to_blobs()
    assert in_blobs.get("a.json", Word) == turning.get("a.json", Word)
    turning.update("a.json", Word, lambda _: Word(text="two"))
    turning.to_memory()
    found = turning.get("a.json", Word)
    assert found is not None
    assert found == in_blobs.get("a.json", Word)
    assert found.content == Word(text="two")


class Labelled(Word):
    @property
    def labels(self) -> dict[str, str]:
        return {"said": self.text}


def test_what_lists_tell_is_told_on_both_sides(sides: tuple[DocumentsByTurns, Documents]) -> None:
    turning, in_blobs = sides
    turning.create("a.json", Labelled(text="one"))
    turning.to_memory()
    turning.create("b.json", Labelled(text="two"))
    assert list(turning.told("", "said")) == [("a.json", "one"), ("b.json", "two")]
    turning.to_blobs()
    assert list(turning.told("", "said")) == list(in_blobs.told("", "said")) == [("a.json", "one"), ("b.json", "two")]


def test_each_way_of_reading_and_writing_turns() -> None:
    ways = {name for name in vars(MemoryDocuments) if not name.startswith("__")}
    assert ways <= set(vars(DocumentsByTurns)), "what is missing reads the blobs while the documents are in memory"


def test_an_etag_is_as_good_or_as_outdated_after_a_turn(sides: tuple[DocumentsByTurns, Documents]) -> None:
    turning, _ = sides
    first = turning.create("a.json", Word(text="one"))
    second = turning.replace("a.json", Word(text="two"), first)
    turning.to_memory()
    with pytest.raises(PreconditionFailed):
        turning.replace("a.json", Word(text="three"), first)
    third = turning.replace("a.json", Word(text="three"), second)
    turning.to_blobs()
    with pytest.raises(PreconditionFailed):
        turning.replace("a.json", Word(text="four"), third)  # a blob has ETags of its own
    assert turning.delete_unchanged("a.json", second) is False


def test_what_is_deleted_on_one_side_is_gone_on_the_other(sides: tuple[DocumentsByTurns, Documents]) -> None:
    turning, in_blobs = sides
    turning.create("a.json", Word(text="one"))
    turning.create("b.json", Word(text="one"))
    turning.to_memory()
    turning.delete("a.json")
    turning.to_blobs()
    assert list(in_blobs.paths("")) == ["b.json"]
    turning.delete("b.json")
    turning.to_memory()
    assert list(turning.paths("")) == []


def test_what_a_request_that_failed_has_written_counts(sides: tuple[DocumentsByTurns, Documents]) -> None:
    turning, in_blobs = sides
    etag = turning.create("a.json", Word(text="one"))
    turning.to_memory()
    turning.to_blobs()
    in_blobs.replace("a.json", Word(text="two"), etag)
    with pytest.raises(PreconditionFailed):
        turning.replace("a.json", Word(text="three"), etag)
    turning.to_memory()
    found = turning.get("a.json", Word)
    assert found is not None
    assert found.content == Word(text="two")
