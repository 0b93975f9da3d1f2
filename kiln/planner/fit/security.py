"""Which security types of an image definition take an image of which source.

AIB's rule is that both have the same (Microsoft's image-builder-overview); a definition that promises less than a
source with both abilities keeps is taken as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiln.planner.facts import SecurityType

_ABILITIES: dict[SecurityType, frozenset[str]] = {
    "Standard": frozenset(),
    "TrustedLaunchSupported": frozenset({"TrustedLaunch"}),
    "ConfidentialVmSupported": frozenset({"ConfidentialVM"}),
    "TrustedLaunchAndConfidentialVmSupported": frozenset({"TrustedLaunch", "ConfidentialVM"}),
}
"""What machines of an image may be. TrustedLaunch and ConfidentialVM, which they then must be, are not here."""


def takes_security(definition: SecurityType, source: SecurityType) -> bool:
    """Whether a definition's security type takes images of a source."""
    theirs, ours = _ABILITIES.get(definition), _ABILITIES.get(source)
    if theirs is None or ours is None:
        return False
    return theirs == ours or (bool(theirs) and theirs <= ours)
