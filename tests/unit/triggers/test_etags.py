from __future__ import annotations

from datetime import timedelta

from kiln.runs.record import ProvisioningState
from tests.unit.kiln.runs.records import BODY, NOW, template_record
from triggers.etags import etag, is_known, may_write

SHOWN = {"properties": {"provisioningState": "Creating"}}


def test_a_change_is_refused_after_somebody_elses_change_alone() -> None:
    tag = etag(template_record(), SHOWN)
    assert may_write(tag, template_record())
    assert may_write(tag, template_record(provisioning_state=ProvisioningState.SUCCEEDED, settled=1, run_id="r"))
    assert not may_write(tag, template_record(version=2))
    assert not may_write(tag, template_record(body={**BODY, "tags": {"a": "b"}}))
    assert not may_write(tag, template_record(created=NOW + timedelta(seconds=1)))


def test_conditions_may_list_weak_tags_and_a_star() -> None:
    tag = etag(template_record(), SHOWN)
    assert may_write(f'"x", W/{tag}', template_record())
    assert may_write("*", template_record())
    assert not may_write('"x"', template_record())
    assert is_known(f'"x",W/{tag}', tag)
    assert is_known("*", tag)
    assert not is_known('"x"', tag)


def test_an_answer_is_known_only_while_it_is_the_very_same() -> None:
    tag = etag(template_record(), SHOWN)
    assert not is_known(tag, etag(template_record(), {"properties": {"provisioningState": "Succeeded"}}))
