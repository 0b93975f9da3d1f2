"""Names that are fixed when a template or a run is made: run ids, instance ids, staging groups. Pure functions.

It owns the ids that are stored in records; the names of a build's Azure resources belong to the planner.
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
"""The most characters of a resource group's name ("Naming rules and restrictions for Azure resources")."""

RUN_ID = re.compile(r"^\d{8}-\d{6}-[0-9a-f]{8}$")

_INSTANCE_NAME_PART = 24
_SHORTEST_TEMPLATE_PART = 38


def staging_group(template: TemplateId, suffix: str) -> str:
    """Return the staging resource group's name, `IT_<group>_<template>_<suffix>`; long names are cut to fit.

    Image Builder names its groups this way, with a GUID at the end; `suffix` is 8 random hex digits.
    """
    room = GROUP_NAME_LIMIT - len("IT_") - len("_") - len("_") - len(suffix)
    name = template.name[: max(room - len(template.group), _SHORTEST_TEMPLATE_PART)]
    group = template.group[: room - len(name)]
    return f"IT_{group}_{name}_{suffix}"


def run_id(requested: datetime, suffix: str) -> str:
    """Return a run's id, `YYYYMMDD-HHMMSS-<suffix>` in UTC. `suffix` is 8 random hex digits.

    It says to the second when the run was asked for. It does not order two runs: `run_place` does.
    """
    return f"{requested.astimezone(UTC):%Y%m%d-%H%M%S}-{suffix}"


def run_place(number: int, run: str) -> str:
    """Return a run's place among the runs of its template: sorted as text, places are in the order of the beginnings.

    `number` is `RunRecord.number`; runs without a number have 0 and sort by their ids.
    """
    return f"{number:010}/{run}"


def run_at(place: str) -> str:
    """Return the id of the run at that place."""
    return place.rpartition("/")[2]


def build_instance(template: TemplateId, run: str) -> str:
    """Return the instance id of a run's orchestration."""
    return f"{template.name[:_INSTANCE_NAME_PART]}-{run}"


def delete_instance(record: TemplateRecord) -> str:
    """Return the instance id of the orchestration that deletes a template.

    It is the same for every request to delete this very template, so that a repeated request never starts a second
    orchestration, which could outlive the first and delete a new template of the same name.
    """
    return f"delete-{_incarnation(record)}"


def submit_instance(record: TemplateRecord) -> str:
    """Return the instance id of the orchestration that submits the template's latest version."""
    return f"submit-{_incarnation(record)}-v{record.version}"


def _incarnation(record: TemplateRecord) -> str:
    """Return an id of this very template, unlike that of any earlier or later template of its name."""
    key = hashlib.sha256(record.id.key.encode()).hexdigest()[:16]
    made = f"{record.created.isoformat()} {record.staging_group}"
    return f"{key}-{hashlib.sha256(made.encode()).hexdigest()[:8]}"
