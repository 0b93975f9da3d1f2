"""Findings of leftovers: for each kind that a ledger may name, the fix by hand."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from kiln.doctor.leftovers import STALE, _leftover, _stale
from kiln.runs.ledger import LedgerEntry
from kiln.sweep.models import Leftover, SweepReport

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO, LATELY = NOW - STALE - timedelta(seconds=1), NOW - STALE
KINDS = get_args(LedgerEntry.model_fields["kind"].annotation)
GROUP = "/subscriptions/s-1/resourceGroups/rg (a)"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/kiln-a"
VHD = "https://acc.blob.core.windows.net/vhds/it's a.vhd"
NOT_BY_RESOURCE = {
    "vhd": (VHD, ["az", "storage", "blob", "delete", "--blob-url", VHD, "--auth-mode", "login"]),
    "resource-group": (GROUP, ["az", "group", "delete", "--name", "rg (a)", "--subscription", "s-1"]),
    "group-mark": (
        GROUP,
        [
            "az",
            "tag",
            "update",
            "--resource-id",
            GROUP,
            "--operation",
            "Delete",
            "--tags",
            "usedBy",
            "kilnInstallation",
        ],
    ),
    "disk-access": (DISK, ["az", "disk", "revoke-access", "--ids", DISK]),
}


MARK = {"kilnInstallation": "kiln-1", "kilnMark": "0123456789abcdef-20260101-000000-0a1b2c3d"}


def told(kind: str, resource: str, refused: str | None, mark: dict[str, str] | None = None) -> tuple[str, str]:
    """Return the finding's message and fix."""
    entry = LedgerEntry.model_validate({"kind": kind, "id": resource, "tier": 0, "mark": mark or {}})
    finding = _leftover(Leftover(entry=entry, why="its template is gone", since=NOW), refused)
    return finding.message, finding.fix


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_removed_is_removed_by_hand_with_the_command_of_its_kind(kind: str) -> None:
    resource, command = NOT_BY_RESOURCE.get(kind, (DISK, ["az", "resource", "delete", "--ids", DISK]))

    _, fix = told(kind, resource, "ScopeLocked: a lock")

    assert shlex.split(fix[fix.index("az ") :]) == command


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", ["true", "false", ""])
def test_the_command_looks_first_whether_it_is_still_what_was_made(kind: str, answer: str, tmp_path: Path) -> None:
    resource, command = NOT_BY_RESOURCE.get(kind, (DISK, ["az", "resource", "delete", "--ids", DISK]))
    of_blob = ["az", "storage", "blob", "show", "--blob-url", resource, "--auth-mode", "login"]
    look, tags = (of_blob, "metadata") if kind == "vhd" else (["az", "tag", "list", "--resource-id", resource], "tags")
    az = tmp_path / "az"
    az.write_text(f"""#!/bin/sh
printf '%s\\0' az "$@" >>{shlex.quote(str(tmp_path / "said"))}; printf '\\n' >>{shlex.quote(str(tmp_path / "said"))}
echo {answer}
""")
    az.chmod(0o755)

    _, fix = told(kind, resource, "ScopeLocked: a lock", MARK)
    subprocess.run(
        ["/bin/sh", "-c", fix[fix.index("[ ") :]], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=answer == "true"
    )

    said = [line.split("\0")[:-1] for line in (tmp_path / "said").read_text().splitlines()]
    asked, query = said[0][:-4], said[0][-3]
    assert asked == look
    assert query.count(f'{tags}."') == len(MARK)
    assert all(f""""{name}" == '{value}'""" in query for name, value in MARK.items())
    assert said[1:] == ([command] if answer == "true" else [])


def test_a_group_that_is_not_kilns_is_to_be_unmarked_and_not_to_be_deleted() -> None:
    message, fix = told("group-mark", GROUP, "ScopeLocked: a lock.")

    assert message == (
        "Kiln's mark on the group, which is not Kiln's, is a leftover and cannot be taken off: ScopeLocked: a lock "
        "(its template is gone)."
    )
    assert "take it off by hand: az tag update" in fix
    assert "delete" not in fix


def test_a_disk_that_can_be_read_is_to_be_closed_and_not_to_be_deleted() -> None:
    message, fix = told("disk-access", DISK, "Conflict")

    assert "cannot be withdrawn" in message
    assert "delete" not in fix


def test_a_spare_that_stands_for_an_image_is_not_to_be_deleted_before_it_was_thought_of() -> None:
    entry = LedgerEntry(kind="image", id=f"{GROUP}/images/spare", tier=9, stands_for=f"{GROUP}/images/golden")
    fix = _leftover(Leftover(entry=entry, why="its run has ended", since=NOW), "OnlyCopy: it stays").fix

    assert fix.startswith("It may be the only copy of a good image: run the template again")
    assert "Only if nobody needs what is in it, delete it by hand: az resource delete" in fix


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_next_sweep_sees_to_needs_no_hand(kind: str) -> None:
    message, fix = told(kind, GROUP if "group" in kind else DISK, None)

    assert "is a leftover (its template is gone)." in message
    assert fix == "The next sweep removes it. To remove it now: kiln doctor --sweep."


@pytest.mark.parametrize("oldest", [None, LATELY])
def test_that_no_sweep_has_ended_yet_is_no_finding_while_the_templates_are_young(oldest: datetime | None) -> None:
    assert list(_stale(None, oldest, NOW)) == []


def test_that_no_sweep_has_ever_ended_is_told_once_a_template_is_old() -> None:
    (finding,) = _stale(None, LONG_AGO, NOW)

    assert finding.since == LONG_AGO
    assert "ever" in finding.message
    assert "sweep_leftovers" in finding.fix


@pytest.mark.parametrize(("ended", "told"), [(LATELY, 0), (LONG_AGO, 1)])
def test_that_no_sweep_ended_lately_is_told_whatever_the_age_of_the_templates(ended: datetime, told: int) -> None:
    assert len(list(_stale(SweepReport(began=ended, ended=ended), None, NOW))) == told
