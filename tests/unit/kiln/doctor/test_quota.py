"""Findings of quotas that forbid machines: by size, by family, by region."""

from __future__ import annotations

import pytest

from kiln.cloud.quotas import REGIONAL, Quota
from kiln.doctor.quota import _judged
from kiln.planner.facts import SizeFacts

TEMPLATES = ["/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/web"]
FAMILY = "standardDDSv4Family"


def judged(size: SizeFacts | None, *, family: int = 0, region: int = 0) -> list[str]:
    """Return the findings for a size of two processors where this many of ten are in use."""
    limits = {FAMILY.lower(): Quota(used=family, limit=10), REGIONAL.lower(): Quota(used=region, limit=10)}
    return [found.message for found in _judged("Standard_D2ds_v4", TEMPLATES, "westeurope", size, limits)]


TWO = SizeFacts(name="Standard_D2ds_v4", family=FAMILY, cores=2)


@pytest.mark.parametrize("used", [0, 8])
def test_a_machine_that_still_fits_is_fine(used: int) -> None:
    assert judged(TWO, family=used, region=used) == []


def test_a_full_family_is_told_with_its_numbers() -> None:
    (message,) = judged(TWO, family=9)
    assert f"it needs 2 processors, and 9 of the 10 of {FAMILY} are in use" in message


def test_a_full_region_is_told_as_that_of_all_families() -> None:
    (message,) = judged(TWO, region=10)
    assert "10 of the 10 of all families are in use" in message


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (None, "westeurope has no such size"),
        (TWO.model_copy(update={"restricted": "NotAvailableForSubscription"}), "this subscription may not use it"),
    ],
)
def test_a_size_that_cannot_be_had_is_told_with_the_reason(size: SizeFacts | None, why: str) -> None:
    (message,) = judged(size)
    assert why in message
