"""The audit log: one line for each call that changes something, or would have. Its logger is `kiln.audit`.

It owns the line: JSON in ASCII, so that no name and no header, whatever is in it, can end the line or look like
another.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from http import HTTPStatus

LONGEST = 256
"""Characters of any one value."""

log = logging.getLogger("kiln.audit")


@dataclass(frozen=True)
class AuditEntry:
    """A call: what was asked for, where, by whom as far as that is known, and what became of it.

    `path` is what was asked for and where, `status` HTTP's, `code` the error's. `who`, `app` and `name` are the
    caller's object id, its client's id and its name.
    """

    action: str
    method: str
    path: str
    status: int
    correlation: str
    code: str | None = None
    who: str | None = None
    app: str | None = None
    name: str | None = None

    @property
    def outcome(self) -> str:
        """Whether it was let through and done (or begun), refused for want of a right, or failed for another reason."""
        if self.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return "refused"
        return "failed" if self.status >= HTTPStatus.BAD_REQUEST else "allowed"


def line(entry: AuditEntry) -> str:
    """Return the entry as one line of printable ASCII; DEL is the one control character that JSON leaves as it is."""
    facts = {"outcome": entry.outcome, **asdict(entry)}
    shown = {name: value[:LONGEST] if isinstance(value, str) else value for name, value in facts.items()}
    return json.dumps(shown, ensure_ascii=True).replace("\x7f", "\\u007f")


def write(entry: AuditEntry) -> None:
    """Write the entry's line."""
    log.info("%s", line(entry))
