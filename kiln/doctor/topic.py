"""Examine the Event Grid topic: does it take Kiln's events, and if not, why? Unsent events are tried once more.

Kiln knows the topic's endpoint and not its id, so it cannot ask for its permissions there: that Kiln may not publish
only shows when the topic refuses an event.
"""

from __future__ import annotations

import http
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from kiln.config import config
from kiln.doctor.azure_cli import grant
from kiln.doctor.findings import Area, Finding, Severity
from kiln.events.drain import drain
from kiln.events.outbox import Outboxes
from kiln.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.events.outbox import Outbox, Refusal
    from kiln.events.publisher import PublishFailed

SETTING = "KILN_TOPIC_ENDPOINT"
ANSWER_SECONDS = 5
ROLE, ACTION = "EventGrid Data Sender", "Microsoft.EventGrid/events/send/action"
"""The role and the action for publishing ("Authenticate Event Grid publishing clients using Microsoft Entra ID")."""
REFUSED = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
"""Event Grid's answers to a caller who may not publish, or (403) of its firewall ("Troubleshoot Event Grid errors")."""


def examine() -> Iterator[Finding]:
    """Yield a finding for each thing that keeps events from being published."""
    endpoint = config().topic_endpoint
    if endpoint is None:
        message = "Kiln publishes no events, and does not ask the marketplace for new versions."
        fix = "Name an Event Grid topic. See the table of parameters in docs/deploy.md; azd provision sets it."
        yield Finding(area=Area.SETTINGS, severity=Severity.WARNING, target=SETTING, message=message, fix=fix)
        return
    reason = _unreachable(endpoint)
    if reason is not None:
        message, fix = f"{endpoint} does not answer: {reason.rstrip('.')}.", "Check its name, its firewall and its DNS."
        yield Finding(area=Area.SETTINGS, severity=Severity.ERROR, target=SETTING, message=message, fix=fix)
    boxes = list(Outboxes().list())
    yield from _failing(endpoint, boxes)
    yield from _refused([refusal for box in boxes for refusal in box.refused])


def _refused(refusals: list[Refusal]) -> Iterator[Finding]:
    """Yield a finding for the events that the topic refuses one by one, while it takes all others."""
    if not refusals:
        return
    first = min(refusals, key=lambda refusal: refusal.since)
    others = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
    yield Finding(
        area=Area.SETTINGS,
        severity=Severity.ERROR,
        target=SETTING,
        message=f"The topic refuses the event {first.event}{others}: {first.reason.rstrip('.')}.",
        fix="If the topic's inputSchema is not CloudEventSchemaV1_0, create the topic anew with it; otherwise report a "
        "bug of Kiln. Each event that is not too large is tried again every minute, and given up after 24 hours.",
        since=first.since,
    )


def _failing(endpoint: str, boxes: list[Outbox]) -> Iterator[Finding]:
    """Yield a finding if the topic takes no events of some runs; one run's are tried once more, to learn the reason."""
    failing = {box.run: box.failing_since for box in boxes if box.failing_since is not None}
    if not failing:
        return
    first = min(failing, key=lambda run: failing[run])
    failed = drain(first, insist=True)
    box = Outboxes().get(first)
    if failed is None and (box is None or box.content.failing_since is None):
        return  # the others' go out within a minute
    yield Finding(
        area=Area.SETTINGS,
        severity=Severity.ERROR,
        target=SETTING,
        message=f"The topic does not take the events of {len(failing)} runs{_why(failed)}.",
        fix=_fix(endpoint, failed),
        since=failing[first],
    )


def _why(failed: PublishFailed | None) -> str:
    if failed is None:
        return ", and another instance of the app is trying to publish them just now"
    reason = redact(str(failed)).rstrip(".")
    return f", because it refuses Kiln's identity: {reason}" if _is_refused(failed) else f": {reason}"


def _fix(endpoint: str, failed: PublishFailed | None) -> str:
    if failed is None:
        return "Try again in a minute; the log has the topic's answer."
    if not _is_refused(failed):
        return "Check that the topic exists, lets the app in, and takes CloudEvents 1.0; the log has its answer."
    given = grant(ROLE, '"<id of the topic>"')
    return (
        f"Give Kiln's identity the role {ROLE}, which has {ACTION}, at the topic: {given}. Kiln knows only the topic's "
        "endpoint; this prints its id, in its subscription: az eventgrid topic list --query "
        f"\"[?endpoint=='{endpoint}'].id\" --output tsv. A role takes minutes to count; if Kiln's identity has had it "
        "for longer, check the topic's firewall."
    )


def _is_refused(failed: PublishFailed) -> bool:
    """Whether the topic answered that the caller may not publish; a missing token is no answer of the topic's."""
    return getattr(failed.__cause__, "status_code", None) in REFUSED


def _unreachable(endpoint: str) -> str | None:
    """Return why the topic's endpoint does not answer, or None if it does; a refusal without a token is an answer."""
    try:
        urllib.request.urlopen(endpoint, timeout=ANSWER_SECONDS).close()  # noqa: S310 - the app's own setting
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    return None
