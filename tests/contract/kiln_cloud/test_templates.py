from __future__ import annotations

import uuid

import pytest
from pydantic import ValidationError

from kiln import blobs
from kiln.config import config
from kiln.ids import TemplateId
from kiln.runs.documents import Documents
from kiln.runs.record import Ledger
from kiln.runs.store import READS_AT_ONCE, Templates
from tests.unit.kiln.runs.records import template_record


@pytest.fixture
def store() -> Documents:
    return Documents(blobs.account(config().state_endpoint).get_container_client(f"kiln-{uuid.uuid4().hex[:8]}"))


def test_all_templates_are_read_in_the_order_of_their_keys(store: Documents) -> None:
    templates = Templates(store)
    names = [f"web-{number:02}" for number in range(READS_AT_ONCE + 4)]
    for name in reversed(names):
        templates.create(template_record(id=TemplateId(subscription="s", group="g", name=name)))

    assert [record.id.name for record in templates.read_all()] == names


def test_a_template_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(store: Documents) -> None:
    templates = Templates(store)
    templates.create(template_record())
    store.create("templates/s/g/other.json", Ledger(run_id="no template"))

    with pytest.raises(ValidationError):
        templates.read_all()
