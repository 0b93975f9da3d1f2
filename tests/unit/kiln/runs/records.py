"""Records of runs and templates for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kiln.ids import TemplateId
from kiln.runs.record import RunRecord, TemplateRecord

NOW = datetime(2026, 11, 22, 2, 21, 12, 345678, tzinfo=UTC)
WEB = TemplateId(subscription="00000000-0000-0000-0000-000000000001", group="rg-images", name="web")
BODY: dict[str, Any] = {
    "location": "West Europe",
    "identity": {"type": "None"},
    "properties": {"source": {"type": "PlatformImage"}, "vmProfile": {"vmSize": "Standard_B2s"}},
}


def template_record(**changes: Any) -> TemplateRecord:
    record = TemplateRecord(id=WEB, body=BODY, created=NOW, changed=NOW, staging_group="IT_rg-images_web_3f9c8a1b")
    return record.model_copy(update=changes)


def run_record(**changes: Any) -> RunRecord:
    run = "20261122-022112-3f9c8a1b"
    record = RunRecord(run_id=run, instance_id=f"web-{run}", template=WEB, body=BODY, version=1, requested=NOW)
    return record.model_copy(update=changes)
