"""The audit log: one line for each call that changes something, or would have. Its logger is `kiln.audit`.

A line is JSON in ASCII, so that no name or header of a caller can end the line or imitate another one.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from http import HTTPStatus

LONGEST = 256
"""The most characters of one value."""

log = logging.getLogger("kiln.audit")


@dataclass(frozen=True)
class AuditEntry:
    """One call in the audit log: the action, the caller as far as it is known, and the outcome.

    `path` is the request's, `status` the HTTP status, `code` the error's. `who`, `app` and `name` are the caller's
    object id, its client's id and its name.
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
        """`allowed` (done or begun), `refused` for lack of permission, or `failed` for another reason."""
        if self.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return "refused"
        return "failed" if self.status >= HTTPStatus.BAD_REQUEST else "allowed"


def line(entry: AuditEntry) -> str:
    """Return the entry as one line of printable ASCII."""
    facts = {"outcome": entry.outcome, **asdict(entry)}
    shown = {name: value[:LONGEST] if isinstance(value, str) else value for name, value in facts.items()}
    return json.dumps(shown, ensure_ascii=True).replace("\x7f", "\\u007f")  # JSON leaves DEL alone unescaped


def write(entry: AuditEntry) -> None:
    """Write the entry's line to the audit log."""
    log.info("%s", line(entry))
