"""The names that are fixed when a template or a run is made: pure, given the time and the random part.

It owns ids that are stored in records; the names of a build's Azure resources belong to the planner.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.runs.record import TemplateRecord

GROUP_NAME_LIMIT = 90
"""Characters in a resource group's name (Microsoft's "Naming rules and restrictions for Azure resources")."""

RUN_ID = re.compile(r"^\d{8}-\d{6}-[0-9a-f]{8}$")

_INSTANCE_NAME_PART = 24
_SHORTEST_TEMPLATE_PART = 38


def staging_group(template: TemplateId, suffix: str) -> str:
    """Return the staging resource group's name, `IT_<group>_<template>_<suffix>`; long names are cut to fit.

    AIB names its groups this way, with a GUID at the end; `suffix` is 8 random hex digits.
    """
    room = GROUP_NAME_LIMIT - len("IT_") - len("_") - len("_") - len(suffix)
    name = template.name[: max(room - len(template.group), _SHORTEST_TEMPLATE_PART)]
    group = template.group[: room - len(name)]
    return f"IT_{group}_{name}_{suffix}"


def run_id(requested: datetime, suffix: str) -> str:
    """Return a run's id, `YYYYMMDD-HHMMSS-<suffix>` in UTC. `suffix` is 8 random hex digits.

    It tells to the second when the run was asked for, not which of two runs is the newer: that is what `run_place` is
    for.
    """
    return f"{requested.astimezone(UTC):%Y%m%d-%H%M%S}-{suffix}"


def run_place(number: int, run: str) -> str:
    """Return a run's place among its template's: places sort, as text, in the order in which the runs began.

    `number` is the run's (`RunRecord.number`); runs without one have 0, and are in the order of their ids.
    """
    return f"{number:010}/{run}"


def run_at(place: str) -> str:
    """Return the id of the run at that place."""
    return place.rpartition("/")[2]


def build_instance(template: TemplateId, run: str) -> str:
    """Return the orchestration's instance id of a run."""
    return f"{template.name[:_INSTANCE_NAME_PART]}-{run}"


def delete_instance(record: TemplateRecord) -> str:
    """Return the orchestration's instance id for deleting a template.

    It is the same for every request to delete this incarnation of the template, so that a repeated request never
    starts a second orchestration, which could outlive the first and delete a template made anew under the name.
    """
    return f"delete-{_incarnation(record)}"


def submit_instance(record: TemplateRecord) -> str:
    """Return the orchestration's instance id of the submission of the template's latest version."""
    return f"submit-{_incarnation(record)}-v{record.version}"


def _incarnation(record: TemplateRecord) -> str:
    """Return what tells this template from all others, and from those that had its name before and will have it."""
    key = hashlib.sha256(record.id.key.encode()).hexdigest()[:16]
    made = f"{record.created.isoformat()} {record.staging_group}"
    return f"{key}-{hashlib.sha256(made.encode()).hexdigest()[:8]}"
