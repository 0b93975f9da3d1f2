"""The doctor names each document that cannot be read, what it keeps from working, and what fixes it."""

from __future__ import annotations

import re
import shlex
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError

import orchestrators
from devkit.host.testing import FlowRunner
from kiln import blobs
from kiln.config import config
from kiln.doctor import documents as doctor
from kiln.doctor.contracts import ExamineRequest
from kiln.doctor.document_kinds import KINDS, NOT_READ, Kind
from kiln.doctor.documents import MOST_TOLD
from kiln.doctor.findings import Area, Severity
from kiln.doctor.health_resource import shown
from kiln.doctor.latest_health import LatestHealth
from kiln.ids import TemplateId
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.index import enter_trigger, repair
from kiln.retention.purge import BOUNDS
from kiln.runs.documents import CONTAINER, Documents, documents
from kiln.runs.group_claims import GroupClaims
from kiln.runs.installation import installation
from kiln.runs.record import TemplateRecord, TriggerRecord
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.flows.local_azure.kiln import real_activities
from tests.own_clients import own_clients
from tests.poison import WORD, poisoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.doctor.findings import Finding

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment(f"doc{uuid.uuid4().hex[:12]}")):
        yield


def path_of(kind: Kind) -> str:
    """Return a path that a document of the kind may have."""
    if kind.prefix.endswith(".json"):
        return kind.prefix
    return f"{kind.prefix}{SUBSCRIPTION}/rg(1)/web{kind.part or '/'}bad.json"


def template() -> TemplateRecord:
    name = TemplateId(subscription=SUBSCRIPTION, group="rg", name="web")
    record = TemplateRecord(id=name, body=template_body(), created=NOW, changed=NOW, staging_group="IT_web")
    Templates().create(record)
    trigger = {"properties": {"kind": "SourceImage"}}
    Triggers().put(
        TriggerRecord(template=name, name="base", kind="SourceImage", body=trigger, created=NOW, changed=NOW)
    )
    enter_trigger(record, "base", NOW)
    return record


def look() -> tuple[Finding, ...]:
    found = doctor.examine().findings
    assert WORD not in str(found)
    return found


def remove(finding: Finding) -> None:
    """Delete the blob that the finding's command deletes."""
    words = shlex.split(finding.fix[finding.fix.index("az storage blob delete") :])
    given = dict(zip(words[4::2], words[5::2], strict=True))
    assert given["--auth-mode"] == "login"
    url = given["--blob-url"]
    assert url == f"{config().state_endpoint}/{finding.target}"
    container = blobs.state_account(config().state_endpoint).get_container_client(CONTAINER)
    blob = url.removeprefix(f"{config().state_endpoint}/{CONTAINER}/")
    container.delete_blob(blob, etag=given["--if-match"], match_condition=MatchConditions.IfNotModified)


def test_every_kind_of_document_is_looked_at_or_left_out_on_purpose() -> None:
    assert {kind.prefix for kind in KINDS} | set(NOT_READ) == set(BOUNDS)
    assert not {kind.prefix for kind in KINDS} & set(NOT_READ)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.prefix}{kind.part}")
def test_each_is_named_with_what_it_harms_and_how_it_is_fixed(kind: Kind) -> None:
    with poisoned(path_of(kind)):
        (finding,) = look()
        assert (finding.target, finding.severity) == (f"kiln/{path_of(kind)}", Severity.ERROR)
        assert finding.message.startswith(kind.harm)
        assert "another form than this version of Kiln writes" in finding.message
        assert finding.fix.startswith(kind.fix)
        assert re.search(r"\baz storage blob delete\b", finding.fix) is not None or not kind.removable
        if kind.removable:
            remove(finding)
            assert look() == ()


def test_a_document_that_was_fixed_meanwhile_is_not_removed_by_the_command() -> None:
    record = template()
    path = Templates.path(record.id)
    documents().delete(path)
    with poisoned(path):
        (finding,) = look()
        documents().delete(path)
        Templates().create(record)
        with pytest.raises(ResourceModifiedError):
            remove(finding)
        assert look() == ()


def test_what_is_said_to_be_made_anew_is_made_anew() -> None:
    record = template()
    ((entry, _),) = Dependents().names()
    claim = GroupClaims.path(SUBSCRIPTION, record.staging_group)
    for path in (entry, claim):
        documents().delete(path)

    with poisoned(entry, claim):
        found = look()
        assert {each.target for each in found} == {f"kiln/{entry}", f"kiln/{claim}"}
        for finding in found:
            remove(finding)
        assert repair(NOW) == 1
        assert GroupClaims().take(record) is None
        assert look() == ()


def test_what_the_store_does_not_answer_for_is_not_to_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    record, get = template(), Documents.get

    def silent(store: Documents, path: str, kind: type) -> object:
        if path == Triggers.path(record.id, "base"):
            raise ConnectionError("no route to host")
        return get(store, path, kind)

    monkeypatch.setattr(Documents, "get", silent)
    (finding,) = look()

    assert finding.severity is Severity.WARNING
    assert "no route to host" in finding.message
    assert "delete" not in finding.fix


def test_no_more_are_told_by_name_than_somebody_reads() -> None:
    with poisoned(*(f"outbox/{SUBSCRIPTION}/rg/web/{number:03}.json" for number in range(MOST_TOLD + 5))):
        found = look()

    assert len(found) == MOST_TOLD + 1
    assert found[-1].target == "kiln/outbox/"
    assert found[-1].message.startswith("5 more")


def test_an_examination_tells_of_each_once_and_an_admin_of_one_subscription_that_there_is_something() -> None:
    installation()
    record = template()
    trigger, template_path = Triggers.path(record.id, "broken"), f"templates/{record.id.key}-broken.json"
    with poisoned(trigger, template_path, "pending-events/a/b/c/d.json"):
        runner = FlowRunner(list(orchestrators.blueprints), real_activities())
        assert runner.run("examine", ExamineRequest().model_dump(mode="json")).status == "Completed"
    health = LatestHealth().latest()
    assert health is not None

    found = [each.target for each in health.findings if each.area is Area.DOCUMENTS]
    assert sorted(found) == sorted(f"kiln/{path}" for path in (trigger, template_path, "pending-events/a/b/c/d.json"))
    assert not [each for each in health.findings if each.area is Area.TRIGGERS]
    theirs = shown(health, None, f"{SUBSCRIPTION[:-1]}2", whole=False)["findings"]
    assert [each["target"] for each in theirs if each["area"] == "documents"] == ["documents"]
