"""One run's own settings over its template's: a JSON merge patch of `properties` that may change a few of them alone.

It owns which; AIB has nothing of the kind. What the whole must be like is the template's.
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
"""What a run may change, by name; below an empty one it is everything."""

_CLOSED = {
    "customize": "what is in an image is the template's alone, so that two runs of one template differ in no step",
    "stagingResourceGroup": "the staging group is made for the template, when it is submitted",
    "additionalDataDisks": "what an image is made of is the template's alone",
    "autoRun": "it is about the template's submission, not about a run",
    "validate": "how an image is tested is the template's alone",
    "source": "where an image comes from is the template's alone; a run may name another version of it",
}


def apply_overrides(template_body: dict[str, Any], overrides: Any) -> dict[str, Any]:
    """Return the template's body with `overrides`, a JSON merge patch (RFC 7396) of its `properties`, applied.

    Raises `TemplateInvalid` that names all that a run may not change, or what the whole then breaks.
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
            reason = _CLOSED.get(str(place[1]), f"a run may change {', '.join(_OPEN)} alone")
            yield Problem(path=path_text(place), message=f"cannot be changed for one run: {reason}")
        elif inner and not isinstance(value, dict):
            yield Problem(path=path_text(place), message=f"expected an object, got {kind(value)}")
        elif inner:
            yield from _closed(value, inner, place)
