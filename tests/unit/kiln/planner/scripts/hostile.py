"""Hostile texts that a template may hold and that must arrive in a guest unchanged: as data, never as script."""

from __future__ import annotations

CANARY = "kiln-was-here"
HOSTILE = (
    "it's here",
    'a "quoted" name',
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"'; touch {CANARY}; '",
    f"' ; New-Item {CANARY} ; '",
    f"\u2019; New-Item {CANARY}; \u2018",
    f"\u201d; New-Item {CANARY}; \u201c",
    f"$(New-Item {CANARY})",
    f"@'\n'@\nNew-Item {CANARY}",
    f"a\nb; touch {CANARY}",
    f"a\r\nNew-Item {CANARY}",
    "-rf",
    "back\\slash\\",
    "a`nb `$x %PATH% ^& | > out",
    "Grüße, 世界",
    "KILN\nEOF",
)
