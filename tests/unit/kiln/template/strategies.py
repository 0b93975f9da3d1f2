"""Hypothesis strategies: valid bodies, made from the models themselves, arbitrary JSON, and valid bodies spoilt."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kiln.template.base import RESOURCE_GROUP, ArmId, Form, Region, Url
from kiln.template.customizers import (
    PowerShellCustomizer,
    PowerShellValidator,
    ShellCustomizer,
    ShellValidator,
)
from kiln.template.distributors import SharedImageDistributor
from kiln.template.models import Identity, ImageTemplate, TemplateProperties
from kiln.template.rules import Rule
from kiln.template.shape import properties
from kiln.template.vm_profile import VnetConfig
from tests.unit.kiln.template.definitions import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.template.base import Model
    from kiln.template.shape import Shape

Json = dict[str, Any]
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
texts = st.text(max_size=12)
FORMS = {
    "SHA-256": st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64),
    "absolute path": st.sampled_from(["/tmp/a", "/etc/b c", "C:\\a\\b.txt", "d:/x"]),
    "number and a unit": st.sampled_from(["90s", "5m", "2h"]),
}


def arm_ids(mark: ArmId) -> st.SearchStrategy[str]:
    """Return ids of the first type that the mark names."""
    group = "/subscriptions/{}/resourceGroups/{}"
    type_ = mark.types[0]
    if type_ == RESOURCE_GROUP:
        return st.builds(group.format, words, words)
    provider, *types = type_.split("/")
    form = group + f"/providers/{provider}" + "".join(f"/{kind}/{{}}" for kind in types)
    last = st.sampled_from(["latest", "1.2.3", "0.0.2147483647"]) if types[-1] == "versions" else words
    return st.builds(form.format, *[words] * (1 + len(types)), last)


def plain(shape: Shape) -> st.SearchStrategy[Any]:
    """Return values of a plain shape that break none of its marks."""
    if shape.choices:
        return st.sampled_from(shape.choices)
    if shape.plain is bool:
        return st.booleans()
    if shape.plain is int:
        known = limits(shape)
        return st.integers(known["minimum"], known["maximum"])
    marked = [found for mark in shape.marks if (found := text(mark)) is not None]
    return marked[0] if marked else words if shape.marks else texts


def text(mark: object) -> st.SearchStrategy[str] | None:
    """Return texts of the form that a mark demands, if it is such a mark."""
    match mark:
        case ArmId():
            return arm_ids(mark)
        case Region():
            return st.sampled_from(["westeurope", "North Europe", "eastus2"])
        case Url(schemes=("https", "http")):
            return st.builds("https://{}.blob.core.windows.net/{}/{}.vhd".format, words, words, words)
        case Url():
            return st.builds("https://{}.example/{}".format, words, words) | st.just("data:,x")
        case Form(pattern=pattern, expected=expected):
            return next(
                (form for part, form in FORMS.items() if part in expected), st.from_regex(pattern, fullmatch=True)
            )
        case _:
            return None


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Return values of a shape."""
    if shape.members:
        return st.one_of([objects(member) for member in shape.members.values()])
    if shape.model is not None:
        return objects(shape.model)
    if shape.item is not None:
        return st.lists(values(shape.item), max_size=2)
    if shape.key is not None and shape.value is not None:
        names = words if shape.mark(Rule) is not None else plain(shape.key)
        return st.dictionaries(names, values(shape.value), max_size=2)
    return plain(shape)


@functools.cache
def objects(model: type[Model]) -> st.SearchStrategy[Json]:
    """Return bodies of a model that keep its rules between properties."""
    known = properties(model).values()
    made = st.fixed_dictionaries(
        {part.name: values(part.shape) for part in known if part.required},
        optional={part.name: values(part.shape) for part in known if not part.required},
    )
    return made.map(RULES[model]) if model in RULES else made


def script(body: Json) -> Json:
    """Keep one script, and elevation with the system account."""
    if body.get("inline"):
        body.pop("scriptUri", None)
    else:
        body.setdefault("scriptUri", "https://a.example/b")
        body.pop("inline", None)
    if body.get("runAsSystem"):
        body["runElevated"] = True
    return body


def gallery(body: Json) -> Json:
    """Keep one form of regions, each region once."""
    if body.get("targetRegions"):
        body.pop("replicationRegions", None)
        body.pop("storageAccountType", None)
        body["targetRegions"] = body["targetRegions"][:1]
    if "replicationRegions" in body:
        body["replicationRegions"] = body["replicationRegions"][:1]
    return body


def network(body: Json) -> Json:
    """Keep two subnets of one network, and no proxy beside them."""
    if "containerInstanceSubnetId" in body:
        body["subnetId"] = body["containerInstanceSubnetId"] + "x"
        body.pop("proxyVmSize", None)
    return body


def template(body: Json) -> Json:
    """Keep at least one target, run output names apart, and a time that is long enough."""
    body["distribute"].append({"type": "VHD", "runOutputName": "last"})
    for index, target in enumerate(body["distribute"]):
        target["runOutputName"] = f"output-{index}"
    if body.get("buildTimeoutInMinutes", 0) < 6:
        body["buildTimeoutInMinutes"] = 0
    return body


def identity(body: Json) -> Json:
    """Keep one identity, or none."""
    known = list(body.pop("userAssignedIdentities", {}))[:1]
    return {"type": "UserAssigned", "userAssignedIdentities": {known[0]: {}}} if known else {"type": "None"}


RULES: dict[type[Model], Callable[[Json], Json]] = {
    ShellCustomizer: script,
    ShellValidator: script,
    PowerShellCustomizer: script,
    PowerShellValidator: script,
    SharedImageDistributor: gallery,
    VnetConfig: network,
    TemplateProperties: template,
    Identity: identity,
}

templates = objects(ImageTemplate)
any_text = st.text(st.characters(), max_size=8)
"""Texts, also with lone surrogates, which JSON can spell."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


def holders(value: Any) -> list[Any]:
    """Return every object and list in a body that has something in it."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in holders(item))] if value else []
    if isinstance(value, list):
        return [value, *(found for item in value for found in holders(item))] if value else []
    return []


@st.composite
def spoilt(draw: st.DrawFn, bodies: st.SearchStrategy[Json]) -> Json:
    """Draw a body with one to three values replaced, removed, added or renamed."""
    body = copy.deepcopy(draw(bodies))
    for _ in range(draw(st.integers(1, 3))):
        found = holders(body)
        if not found:
            return body
        holder = draw(st.sampled_from(found))
        name = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        match draw(st.sampled_from(["replace", "remove", "add", "rename"])):
            case "replace":
                holder[name] = draw(anything)
            case "remove":
                del holder[name]
            case "add" if isinstance(holder, dict):
                holder[draw(any_text)] = draw(anything)
            case "rename" if isinstance(holder, dict):
                holder[name.swapcase()] = holder.pop(name)
    return body
