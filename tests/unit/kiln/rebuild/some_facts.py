"""Facts in which nothing stands against a rebuild, to be changed in one thing at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kiln.ids import TemplateId
from kiln.rebuild.claims import RebuildRecord
from kiln.rebuild.decide import RebuildFacts, Version
from kiln.runs.record import ProvisioningState
from kiln.runs.trigger_health import Health
from kiln.template.trigger_kinds.source_image import SourceImageTrigger

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEMPLATE = TemplateId(subscription="00000000-0000-0000-0000-000000000001", group="rg", name="web")
SOURCE = "marketplace/westeurope/debian/debian-12/12-gen2"
NOTHING_KNOWN = RebuildRecord(template=TEMPLATE, made=NOW - timedelta(days=9), source=SOURCE)


def trigger(**settings: Any) -> SourceImageTrigger:
    return SourceImageTrigger.model_validate({"kind": "SourceImage", **settings})


def some_facts(**changed: Any) -> RebuildFacts:
    facts: dict[str, Any] = {
        "source": SOURCE,
        "version": Version(name="1.0.2"),
        "template": TEMPLATE,
        "region": "westeurope",
        "state": ProvisioningState.SUCCEEDED,
        "follows": SOURCE,
        "trigger": trigger(),
        "trigger_made": NOW - timedelta(days=1),
        "health": Health(failures=0, limit=5),
        "record": NOTHING_KNOWN,
        "by": "me",
        "now": NOW,
    }
    return RebuildFacts(**{**facts, **changed})
