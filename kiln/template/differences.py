"""Find in a template of AIB's what Kiln does differently, by the notes on the properties that the template uses.

A note that only says what Kiln takes besides, or what is a problem by another rule, is of no use to somebody who has a
template already; the sets below name these properties.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.template.models import ImageTemplate
from kiln.template.notes.note import note_of
from kiln.template.schema import NOTES
from kiln.template.shape import properties, root, walk
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.base import Model

NOT_FOR_A_TEMPLATE_OF_AIBS = frozenset({
    "artifactTags", "buildTimeoutInMinutes", "customize", "destination", "imageVersionId", "location",
    "managedResourceTags", "offer", "properties", "publisher", "replicaCount", "restartTimeout", "scriptUri",
    "sha256Checksum", "sku", "sourceUri", "sourceValidationOnly", "tags", "version",
})  # fmt: skip
"""Properties whose notes speak of what Kiln takes besides, of what may not be left out, or of what is a problem."""
OF_THE_DEFAULT = frozenset({"restartCommand", "runElevated", "sizeGB", "vmSize"})
"""Properties whose notes speak of their default: it differs where they are not given."""
WHILE_AIB_HAS_IT = {
    "properties.stagingResourceGroup": "AIB's template has resources in this group, and Kiln needs an empty one: name "
    "another, leave it out, or delete AIB's template first",
    "properties.autoRun": "a build starts as soon as Kiln has the template, beside AIB's own",
}
"""Notes on properties that hold as long as AIB still has the template."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, order=True)
class Difference:
    """A difference of Kiln from AIB for one property; its path has `[]` for any place in a list."""

    path: str
    text: str


def differences(body: Any) -> tuple[Difference, ...]:
    """Return what Kiln does differently for the properties that a template's body uses, each once, in their order.

    The body need not be valid.
    """
    return tuple(dict.fromkeys((*_noted(_with_profile(body)), *_meanwhile(body))))


def _noted(body: Any) -> Iterator[Difference]:
    for place, value in walk(root(ImageTemplate), body):
        model = place.shape.model
        if model is None or not isinstance(value, dict):
            continue
        for name in properties(model):
            note = note_of(NOTES, model, name)
            if note.difference != "none" and _matters(model, name, value.get(name)):
                path = _INDEX.sub("[]", path_text((*place.path, name)))
                yield Difference(path, note.difference)


def _matters(model: type[Model], name: str, value: Any) -> bool:
    """Whether the note on a property is about this value of it; None if the property is not there."""
    if name in NOT_FOR_A_TEMPLATE_OF_AIBS:
        return False
    if name in OF_THE_DEFAULT:
        return not value
    fields = {info.alias or key: info for key, info in model.model_fields.items()}
    return bool(value) and value != fields[name].default


def _with_profile(body: Any) -> Any:
    """Return the body with an empty `vmProfile` if it has none, since the size then is the default, too."""
    inner = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(inner, dict) or inner.get("vmProfile"):
        return body
    return {**body, "properties": {**inner, "vmProfile": {}}}


def _meanwhile(body: Any) -> Iterator[Difference]:
    inner = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return
    run = inner.get("autoRun")
    used = {
        "properties.stagingResourceGroup": bool(inner.get("stagingResourceGroup")),
        "properties.autoRun": isinstance(run, dict) and run.get("state") == "Enabled",
    }
    yield from (Difference(path, text) for path, text in WHILE_AIB_HAS_IT.items() if used[path])
