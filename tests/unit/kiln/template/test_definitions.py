"""The models against Microsoft's API definitions of every api-version (where these are present)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devkit.specification.documents import Documents, Node
from kiln.template.models import ImageTemplate
from kiln.template.parse import parse_template
from kiln.template.patch import PatchBody, parse_patch
from kiln.template.triggers import Trigger, parse_trigger
from kiln.template.versions import API_VERSIONS
from tests.unit.kiln.template.bodies import with_real_values
from tests.unit.kiln.template.definitions import Kilns, Microsofts, differences

if TYPE_CHECKING:
    from kiln.template.base import Model

ROOT = Path(__file__).resolve().parents[5] / "shared" / "reference" / "openapi"
PROVIDER = "Microsoft.VirtualMachineImages"
STABLE = ROOT / "specification/imagebuilder/resource-manager" / PROVIDER / "stable"
BODIES: dict[str, type[Model]] = {
    "ImageTemplate": ImageTemplate,
    "ImageTemplateUpdateParameters": PatchBody,
    "Trigger": Trigger,
}

EMPTY = "an empty text names nothing"
NEEDED = "nothing can be built without it"
OURS = "Kiln's own restart of any operating system"
KINDS = "Kiln's own kinds of triggers, and settings of all kinds"
SOURCE, PLAN = "properties.source[PlatformImage]", "properties.source[PlatformImage].planInfo"
TARGETS, CUSTOMIZERS = "properties.distribute[]", "properties.customize[]"
VALIDATORS = "properties.validate.inVMValidations[]"
TRIGGERS = {
    "SourceImage": ("versionFilter",),
    "Schedule": ("schedule", "timeZone"),
    "Event": (
        "filter",
        "filter.types",
        "filter.types[]",
        "filter.sources",
        "filter.sources[]",
        "filter.subjectBeginsWith",
        "filter.subjectEndsWith",
    ),
    "Webhook": ("secret",),
}
"""Properties of each kind of trigger that Kiln alone has."""

DIFFERENCES = {
    ("ImageTemplate", "location", "minLength"): EMPTY,
    ("ImageTemplate", "properties", "required"): NEEDED,
    **{("ImageTemplate", f"{SOURCE}.{name}", "minLength"): EMPTY for name in ("publisher", "offer", "sku", "version")},
    **{("ImageTemplate", f"{SOURCE}.{name}", "required"): NEEDED for name in ("publisher", "offer", "sku")},
    **{
        ("ImageTemplate", f"{PLAN}.{name}", "minLength"): EMPTY for name in ("planName", "planProduct", "planPublisher")
    },
    ("ImageTemplate", CUSTOMIZERS, "members"): OURS,
    **{
        ("ImageTemplate", f"{CUSTOMIZERS}[Restart].{name}", "only Kiln"): OURS
        for name in ("name", "checkCommand", "timeout")
    },
    **{
        ("ImageTemplate", f"{steps}[File].{name}", fact): reason
        for steps in (CUSTOMIZERS, VALIDATORS)
        for name in ("sourceUri", "destination")
        for fact, reason in (("minLength", EMPTY), ("required", NEEDED))
    },
    **{
        (body, f"{TARGETS}{place}", "minLength"): EMPTY
        for body in ("ImageTemplate", "ImageTemplateUpdateParameters")
        for place in (
            "[ManagedImage].location",
            "[SharedImage].replicationRegions[]",
            "[SharedImage].targetRegions[].name",
        )
    },
    **{
        (body, f"{TARGETS}[SharedImage].targetRegions[].replicaCount", "maximum"): "a gallery takes no more "
        "(Microsoft's azure-compute-gallery, limits)"
        for body in ("ImageTemplate", "ImageTemplateUpdateParameters")
    },
    ("Trigger", "properties", "required"): "a trigger without a kind is none",
    ("Trigger", "properties", "members"): KINDS,
    **{
        ("Trigger", f"properties[{kind}].{name}", "only Kiln"): KINDS
        for kind, own in TRIGGERS.items()
        for name in ("enabled", "coolDown", "batchWindow", "failureLimit", *own)
    },
}
"""Differences between Kiln and Microsoft's definitions in at least one api-version, and why: body, path, fact."""

pytestmark = pytest.mark.skipif(not STABLE.is_dir(), reason=f"there are no API definitions in {ROOT}")


def compare(api_version: str) -> set[tuple[str, str, str]]:
    """Return the differences between the models and the definitions of an api-version: body, path and fact."""
    documents = Documents(ROOT)
    (file,) = [file for file in documents.of(PROVIDER, api_version) if file.name == "imagebuilder.json"]
    found = set()
    for name, model in BODIES.items():
        if name not in documents.read(file)["definitions"]:
            continue
        theirs, ours = Microsofts(documents, Node({"name": name}, file)), Kilns(model, api_version)
        assert all(names <= ours.read_only[path] for path, names in theirs.read_only.items())
        found |= {
            (name, path, fact)
            for path, fact in differences(ours.facts, theirs.facts)
            if path.split(".")[0] not in model.read_only  # 2021-10-01 forgets to say that systemData is read-only
        }
    return found


def test_every_api_version_has_a_definition() -> None:
    assert sorted(folder.name for folder in STABLE.iterdir()) == list(API_VERSIONS)


@pytest.mark.parametrize("api_version", API_VERSIONS)
def test_the_models_are_those_of_microsoft_but_for_known_differences(api_version: str) -> None:
    unknown = compare(api_version) - DIFFERENCES.keys()
    assert unknown == set(), "a slip in the model, or one more line of DIFFERENCES, with its reason"


def test_every_known_difference_is_one() -> None:
    found = set().union(*(compare(api_version) for api_version in API_VERSIONS))
    assert DIFFERENCES.keys() - found == set(), "these lines of DIFFERENCES are no longer true"


def examples() -> list[Path]:
    """Return Microsoft's example requests with a body, of every stable api-version."""
    names = ("CreateImageTemplate*.json", "UpdateImageTemplate*.json", "CreateSourceImageTrigger.json")
    return sorted(file for name in names for file in STABLE.glob(f"*/examples/{name}"))


@pytest.mark.parametrize("file", examples(), ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_microsofts_own_examples_are_taken(file: Path) -> None:
    body: Any = next(
        value
        for value in json.loads(with_real_values(file.read_text(encoding="utf-8")))["parameters"].values()
        if isinstance(value, dict)
    )
    parse = {"C": parse_template, "U": parse_patch}[file.stem[0]] if "Trigger" not in file.stem else parse_trigger
    parse(body, file.parts[-3])
