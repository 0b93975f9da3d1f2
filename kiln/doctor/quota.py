"""Examine quotas: find the machine sizes that templates ask for and that Azure would not give them in their region.

Each machine is judged by itself, as if no other one were made at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kiln.cloud.quotas import REGIONAL, quotas, sizes
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.ids import part_of, region_name
from kiln.parallel import run_each
from kiln.planner.machine import X64_SIZE
from kiln.redact import redact
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kiln.cloud.quotas import Quota
    from kiln.planner.facts import SizeFacts

Users = dict[str, list[str]]
"""The ids of the templates that ask for a size, by the size's name."""


def examine() -> Found:
    """Return findings for the sizes that templates use, with two calls to Azure for each region in use."""
    findings: list[Finding] = []
    facts: list[Fact] = []
    for attempt in run_each(_used().items(), lambda item: _look(*item[0], item[1])):
        (subscription, region), _ = attempt.item
        if attempt.result is None:
            findings.append(_blind(subscription, region, redact(f"{type(attempt.fault).__name__}: {attempt.fault}")))
        else:
            findings += attempt.result.findings
            facts += attempt.result.facts
    return Found(findings=tuple(findings), facts=tuple(facts))


def _look(subscription: str, region: str, users: Users) -> Found:
    known, limits = sizes(subscription, region), quotas(subscription, region)
    findings = [
        finding
        for size, templates in users.items()
        for finding in _judged(size, templates, region, known.get(size.lower()), limits)
    ]
    return Found(findings=tuple(findings), facts=tuple(_facts(subscription, region, users, known, limits)))


def _blind(subscription: str, region: str, why: str) -> Finding:
    return Finding(
        area=Area.QUOTA,
        severity=Severity.ERROR,
        target=f"/subscriptions/{subscription}",
        message=f"The sizes and quotas of {region} could not be read: {why}",
        fix="If the message is about authorization, see the findings under permissions; otherwise try again later.",
    )


def _used() -> dict[tuple[str, str], Users]:
    """Return the sizes in use by subscription and region; a template that names no size counts for the x64 default."""
    found: dict[tuple[str, str], Users] = defaultdict(lambda: defaultdict(list))
    for record in Templates().read_each().contents:
        size = (record.body["properties"].get("vmProfile") or {}).get("vmSize") or X64_SIZE
        found[record.id.subscription, region_name(record.body["location"])][size].append(record.id.arm)
    return found


def _judged(
    name: str, templates: list[str], region: str, size: SizeFacts | None, limits: Mapping[str, Quota]
) -> Iterator[Finding]:
    """Yield a finding for each reason why one machine of this size cannot be made."""
    if size is None or size.restricted:
        why = f"this subscription may not use it ({size.restricted})" if size else f"{region} has no such size"
        fix = "Set vmProfile.vmSize to a size that az vm list-skus shows without restrictions there."
        yield _finding(templates, f"No machine of size {name} can be made in {region}: {why}.", fix)
        return
    for quota in (size.family, REGIONAL):
        limit = limits.get(quota.lower())
        if limit is None or limit.used + size.cores <= limit.limit:
            continue
        message = (
            f"No machine of size {name} can be made in {region} now: it needs {size.cores} processors, and "
            f"{limit.used} of the {limit.limit} of {'all families' if quota == REGIONAL else quota} are in use."
        )
        fix = (
            "Ask Azure for more quota (Azure portal, Quotas, Compute), set vmProfile.vmSize to a size of another "
            "family, or wait until other machines are gone."
        )
        yield _finding(templates, message, fix)


def _finding(templates: list[str], message: str, fix: str) -> Finding:
    return Finding(
        area=Area.QUOTA,
        severity=Severity.ERROR,
        target=templates[0] if len(templates) == 1 else f"/subscriptions/{part_of(templates[0], 'subscriptions')}",
        message=message,
        fix=fix,
        details=tuple(templates),
    )


def _facts(
    subscription: str, region: str, users: Users, known: Mapping[str, SizeFacts], limits: Mapping[str, Quota]
) -> Iterator[Fact]:
    families = sorted({known[size.lower()].family for size in users if size.lower() in known})
    for family in families:
        limit = limits.get(family.lower())
        if limit is not None:
            text = f"{region}: {limit.used} of {limit.limit} processors of {family} are in use."
            yield Fact(area=Area.QUOTA, target=f"/subscriptions/{subscription}", text=text)
