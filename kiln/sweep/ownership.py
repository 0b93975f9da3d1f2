"""Recognizing resources that Kiln made: by the type, by the name that Kiln gives, and by all tags that it gives. Pure.

A resource with some copied tags, or with a name of somebody's choice that begins like Kiln's, is not swept. The names
are from kiln/planner/names.py and kiln/planner/machine.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kiln.cloud.group_tags import is_made_by_kiln, kilns_tags, user_in
from kiln.ids import RunRef, TemplateId, name_of, part_of
from kiln.planner import names
from kiln.runs.tags import INSTALLATION_TAG, run_tags, tag

if TYPE_CHECKING:
    from kiln.sweep.models import Tagged

_RUN = r"(?P<run>\d{8}[-_]\d{6}[-_][0-9a-f]{8})"
_MACHINE = rf"kiln-(validate-)?{_RUN}"
_NAMES = {
    "microsoft.compute/virtualmachines": _MACHINE,
    "microsoft.network/networkinterfaces": rf"{_MACHINE}-nic",
    "microsoft.compute/disks": rf"{_MACHINE}(-os|-data-\d+|-origin)",
    "microsoft.compute/snapshots": rf"kiln-{_RUN}-\d+-(snapshot|copy)",
    "microsoft.compute/galleries": rf"kiln_{_RUN}",
    "microsoft.compute/galleries/images": rf"kiln_{_RUN}",
    "microsoft.compute/galleries/images/versions": rf"kiln_{_RUN}",
    "microsoft.network/virtualnetworks": re.escape(names.NETWORK),
    "microsoft.network/networksecuritygroups": re.escape(names.SECURITY_GROUP),
    "microsoft.storage/storageaccounts": r"kiln[0-9a-f]{20}",
}
"""The form of the name by type; for a resource in a gallery, the form of the gallery's name."""


def run_of(found: Tagged) -> str | None:
    """Return the run id in the resource's name; a gallery's name has underscores for its dashes."""
    named = _named(found)
    run = named.groupdict().get("run") if named else None
    return run.replace("_", "-") if run else None


def own_mark(found: Tagged, installation: str) -> dict[str, str] | None:
    """Return the tags that show that this installation made the resource, or None if they do not."""
    named = _named(found)
    if named is None or tag(found.tags, INSTALLATION_TAG) != installation or not is_made_by_kiln(found.tags):
        return None
    subscription = part_of(found.id, "subscriptions")
    try:
        template = TemplateId.parse(user_in(found.tags, subscription).template or "")
    except ValueError:
        return None
    run = run_of(found)
    marks = run_tags(RunRef(template=template, run_id=run), installation) if run else {}
    if any(tag(found.tags, name) != value for name, value in marks.items()):
        return None
    return kilns_tags(found.tags) | marks


def _named(found: Tagged) -> re.Match[str] | None:
    kind = found.type.lower()
    form = _NAMES.get(kind)
    if form is None:
        return None
    name = part_of(found.id, "galleries") if kind.startswith("microsoft.compute/galleries") else name_of(found.id)
    return re.fullmatch(form, name, re.IGNORECASE)
