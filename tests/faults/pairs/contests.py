"""All contests of the matrix, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.pairs import builds, strange_groups, strangers
from tests.faults.pairs.builds import Builds
from tests.faults.pairs.events import Event
from tests.faults.pairs.groups import Departure, Submissions

if TYPE_CHECKING:
    from tests.faults.pairs.contest import Contest

CONTESTS: tuple[Contest, ...] = (
    Builds("definition", "one image definition, no version named", 2, builds.next_version),
    Builds("version", "one image definition, one version named", 1, builds.named_version),
    Builds("image", "one managed image", 1, builds.image),
    Builds("vhd", "one VHD", 1, builds.vhd),
    Builds("image-replaced", "a managed image that one replaces", 1, builds.image, both_wait=False, is_renewal=True),
    Builds("vhd-replaced", "a VHD that one replaces", 1, builds.vhd, both_wait=False, is_renewal=True),
    Submissions(),
    Departure(),
    Event(),
    *strangers.all_of_them(),
    *strange_groups.all_of_them(),
)
