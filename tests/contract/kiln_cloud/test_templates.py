from __future__ import annotations

import uuid

import pytest

from kiln import blobs
from kiln.config import config
from kiln.ids import TemplateId
from kiln.runs.documents import Documents
from kiln.runs.ledger import Ledger
from kiln.runs.templates import Templates
from tests.unit.kiln.runs.records import template_record


@pytest.fixture
def store() -> Documents:
    return Documents(blobs.account(config().state_endpoint).get_container_client(f"kiln-{uuid.uuid4().hex[:8]}"))


def test_all_templates_are_read_in_the_order_of_their_keys(store: Documents) -> None:
    templates = Templates(store)
    names = [f"web-{number:02}" for number in range(20)]
    for name in reversed(names):
        templates.create(template_record(id=TemplateId(subscription="s", group="g", name=name)))

    assert [record.id.name for record in templates.read_each().contents] == names


def test_a_template_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(store: Documents) -> None:
    templates = Templates(store)
    templates.create(template_record())
    store.create("templates/s/g/other.json", Ledger(run_id="no template"))

    everything = templates.read_each()

    assert [record.id.name for record in everything.contents] == [template_record().id.name]
    (unreadable,) = everything.unreadable
    assert unreadable.path == "templates/s/g/other.json"
    assert "another form than this version of Kiln writes" in unreadable.reason
    assert "no template" not in unreadable.reason


def test_a_store_that_answers_for_nothing_is_not_taken_for_documents_that_are_wrong(
    store: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = Templates(store)
    templates.create(template_record())

    def away(*_: object) -> None:
        raise ConnectionError("the account does not answer")

    monkeypatch.setattr(store, "get", away)

    with pytest.raises(ConnectionError, match="does not answer"):
        templates.read_each()
