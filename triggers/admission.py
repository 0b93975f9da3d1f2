"""Admission of a request: identify the caller, check the permission and the request limits, then call the handler.

It owns that order, by which strangers learn nothing: a request without a token is refused before its api-version is
read, and one without the permission before anything is looked up.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.access.audit import AuditEntry
from kiln.access.gate import gate
from kiln.errors import DocumentUnreadable, KilnError, NotAuthenticated, NotAuthorized, Unavailable
from triggers.call import Call
from triggers.refusals import NotSigned, TooManyRequests
from triggers.reply import REFUSALS, Reply, refusal
from triggers.throttle import throttle

if TYPE_CHECKING:
    import azure.functions as func

    from kiln.access.claims import Caller
    from kiln.access.gate import Gate
    from kiln.lifecycle.orchestrations import Orchestrations
    from triggers.handler import Endpoint

READING = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing (RFC 9110, 9.2.1)."""
SECONDS = 90.0
"""The time for an answer; a function app's front end waits for 230 s
("Azure Functions scale and hosting", time-out duration).
"""
SLOW = "What it stands on is slow: the storage account with its state, or the managed identity's tokens. Try again."

log = logging.getLogger("kiln.api")


@dataclass
class Admission:
    """A request to `served`, through the gate `at`, by default the one that the app's settings make.

    `answer` sets `caller`, and `left`: the headers that say how many requests are left.
    """

    served: Endpoint
    request: func.HttpRequest
    orchestrations: Orchestrations
    at: Gate | None = None
    caller: Caller | None = None
    left: dict[str, str] = field(default_factory=dict)

    @property
    def gate(self) -> Gate:
        """The gate that callers come through. Raises `SettingsInvalid`."""
        return self.at or gate()

    async def answer(self) -> Reply:
        """Return the handler's answer, or the refusal."""
        try:
            async with asyncio.timeout(SECONDS):
                reply = await self._handled()
        except REFUSALS as error:
            reply = self._refused(error)
        except TimeoutError:
            reply = self._refused(Unavailable(f"Kiln had no answer within {SECONDS:.0f} seconds.", hint=SLOW))
        return replace(reply, headers={**reply.headers, **self.left})

    async def _handled(self) -> Reply:
        now = datetime.now(UTC)
        if not self.served.signed:
            self.caller = await self.gate.caller(self.request.headers, now.timestamp())
        call = Call.read(self.request, self.orchestrations, now, self.caller, self.gate)
        if self.caller is not None:
            self.gate.check(self.caller, self.served.action, call.scope, partly=self.served.partly)
            self.left = throttle().take(call.subscription if "subscription" in call.route else None, call.method)
        return await self.served.handler(call)

    def _refused(self, error: KilnError) -> Reply:
        """Return the answer to a refused request; a caller who is refused too often is told to wait instead."""
        if isinstance(error, NotAuthenticated | NotAuthorized | NotSigned):
            try:
                throttle().refuse(self.caller.object_id if self.caller else None)
            except TooManyRequests as too_many:
                return refusal(too_many)
        if isinstance(error, Unavailable | DocumentUnreadable):
            log.error("%s %s: %s", self.request.method, urlsplit(self.request.url).path, error, exc_info=error)
        reply = refusal(error)
        if isinstance(error, NotAuthenticated):
            return replace(reply, headers={**reply.headers, "WWW-Authenticate": self.gate.challenge(error)})
        return reply

    @property
    def changes_something(self) -> bool:
        """Whether the request belongs into the audit log."""
        return self.request.method.upper() not in READING

    def audit_entry(self, reply: Reply, correlation: str) -> AuditEntry:
        """Return the audit log's entry for the request, which was answered with `reply`."""
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        return AuditEntry(
            action=self.served.action,
            method=self.request.method,
            path=urlsplit(self.request.url).path,
            status=int(reply.status),
            correlation=correlation,
            code=error.get("code") if isinstance(error, dict) else None,
            who=self.caller.object_id if self.caller else None,
            app=self.caller.app_id if self.caller else None,
            name=self.caller.name if self.caller else None,
        )
