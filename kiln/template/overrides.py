"""Overrides of a template for one run: a JSON merge patch of its `properties` that may change only some of them.

It owns which ones; AIB has no overrides. The changed template is checked as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.errors import Problem, TemplateInvalid
from kiln.template.merge import is_deep, merge
from kiln.template.parse import parse_template, without_read_only
from kiln.template.versions import LATEST
from kiln.template.wording import kind, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.shape import Path

WHAT = "run's overrides"
_OPEN: dict[str, Any] = {
    "source": {"version": {}, "imageVersionId": {}},
    "vmProfile": {},
    "buildTimeoutInMinutes": {},
    "errorHandling": {},
    "distribute": {},
    "optimize": {},
    "managedResourceTags": {},
    "validate": {"continueDistributeOnFailure": {}},
}
"""The properties that a run may change; below an empty entry, it may change everything."""

_CLOSED = {
    "customize": "all runs of a template have the same steps",
    "stagingResourceGroup": "the staging group is created when the template is submitted",
    "additionalDataDisks": "all runs of a template make images with the same disks",
    "autoRun": "it is about the template's submission, not about a run",
    "validate": "all runs of a template have the same validators",
    "source": "all runs of a template have the same source; a run may only name another version of it",
}


def apply_overrides(template_body: dict[str, Any], overrides: Any) -> dict[str, Any]:
    """Return the template's body with `overrides`, a JSON merge patch (RFC 7396) of its `properties`, applied.

    Raises a `TemplateInvalid` with every property that a run may not change, or with the rules that the result breaks.
    """
    if not isinstance(overrides, dict):
        text = f"expected a JSON object, got {kind(overrides)}"
        raise TemplateInvalid((Problem(path="properties", message=text),), what=WHAT)
    if is_deep(overrides):
        raise TemplateInvalid((Problem(path="properties", message="is nested too deeply"),), what=WHAT)
    problems = tuple(_closed(overrides, _OPEN, ("properties",)))
    if problems:
        raise TemplateInvalid(problems, what=WHAT)
    changed = {**template_body, "properties": merge(template_body["properties"], overrides)}
    parse_template(changed, LATEST)
    return without_read_only(changed)


def _closed(patch: dict[str, Any], allowed: dict[str, Any], path: Path) -> Iterator[Problem]:
    for name, value in patch.items():
        place = (*path, name)
        inner = allowed.get(name)
        if inner is None:
            reason = _CLOSED.get(str(place[1]), f"a run may only change {', '.join(_OPEN)}")
            yield Problem(path=path_text(place), message=f"cannot be changed for one run: {reason}")
        elif inner and not isinstance(value, dict):
            yield Problem(path=path_text(place), message=f"expected an object, got {kind(value)}")
        elif inner:
            yield from _closed(value, inner, place)
