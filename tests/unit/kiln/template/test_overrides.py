from __future__ import annotations

from typing import Any

import pytest

from kiln.errors import TemplateInvalid
from kiln.template.models import TemplateProperties
from kiln.template.overrides import _CLOSED, _OPEN, apply_overrides
from kiln.template.shape import properties
from tests.unit.kiln.template.bodies import BODY, changed


def refused(overrides: Any) -> dict[str, str]:
    """Return the refusal of overrides: messages by path."""
    with pytest.raises(TemplateInvalid) as raised:
        apply_overrides(BODY, overrides)
    return {problem.path: problem.message for problem in raised.value.problems}


def test_what_a_run_may_change_is_merged_into_the_template() -> None:
    overrides = {
        "source": {"version": "12.0.1"},
        "vmProfile": {"vmSize": "Standard_D8s_v5", "osDiskSizeGB": None},
        "buildTimeoutInMinutes": None,
        "errorHandling": {"onCustomizerError": "abort"},
        "distribute": [{"type": "VHD", "runOutputName": "alone"}],
        "optimize": {"vmBoot": {"state": "Enabled"}},
        "managedResourceTags": {"a": "b"},
        "validate": {"continueDistributeOnFailure": True},
    }
    changed_body = apply_overrides(BODY, overrides)
    properties = changed_body["properties"]
    assert properties["source"] == {**BODY["properties"]["source"], "version": "12.0.1"}
    assert properties["vmProfile"] == {"vmSize": "Standard_D8s_v5"}
    assert "buildTimeoutInMinutes" not in properties
    assert properties["distribute"] == overrides["distribute"]
    assert properties["customize"] == BODY["properties"]["customize"]
    assert changed("location", "westeurope") == BODY


def test_no_override_changes_nothing() -> None:
    assert apply_overrides(BODY, {}) == BODY


@pytest.mark.parametrize(
    ("overrides", "where", "said"),
    [
        ({"customize": []}, "properties.customize", "have the same steps"),
        ({"source": {"offer": "other"}}, "properties.source.offer", "another version of it"),
        ({"source": None}, "properties.source", "an object, got null"),
        ({"validate": {"inVMValidations": []}}, "properties.validate.inVMValidations", "the same validators"),
        ({"colour": "red"}, "properties.colour", "a run may only change source, vmProfile"),
        ({"distribute": None}, "properties.distribute", "is required"),
        ({"source": {"imageVersionId": "/x"}}, "properties.source.imageVersionId", "not a property"),
        ({"buildTimeoutInMinutes": 5}, "properties.buildTimeoutInMinutes", "6 to 960"),
        ([], "properties", "expected a JSON object, got a list"),
    ],
)
def test_what_a_run_may_not_change_is_refused_by_path(overrides: Any, where: str, said: str) -> None:
    assert said in refused(overrides)[where]


def test_it_is_decided_of_each_property_whether_a_run_may_change_it() -> None:
    decided = _OPEN.keys() | _CLOSED.keys()

    undecided = properties(TemplateProperties).keys() - decided
    assert undecided == set(), "may one run change it? _OPEN in kiln/template/overrides.py and docs/api.md; or _CLOSED"
    assert decided <= properties(TemplateProperties).keys()


def test_everything_that_a_run_may_not_change_is_told_at_once() -> None:
    assert set(refused({"customize": [], "autoRun": {}, "source": {"sku": "x"}})) == {
        "properties.customize",
        "properties.autoRun",
        "properties.source.sku",
    }
