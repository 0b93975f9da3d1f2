"""Whether Event Grid takes Kiln's announcements; where it does not, why, by trying once more what is unsent.

Of the topic Kiln knows the endpoint alone. Its id is not known, so that the right to publish is not among what is asked
for under permissions: that it is lacking shows when the topic refuses.
"""

from __future__ import annotations

import http
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from kiln.config import config
from kiln.doctor.findings import Area, Finding, Severity
from kiln.doctor.granting import grant
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
"""What publishing needs ("Authenticate Event Grid publishing clients using Microsoft Entra ID")."""
REFUSED = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
"""How Event Grid answers who may not publish, and the second one a firewall, too ("Troubleshoot Event Grid errors")."""


def examine() -> Iterator[Finding]:
    """Yield what keeps events from being published."""
    endpoint = config().topic_endpoint
    if endpoint is None:
        message = "Kiln announces nothing, and does not ask the marketplace for new versions."
        fix = "Name an Event Grid topic. See the table of parameters in docs/deploy.md; azd provision sets it."
        yield Finding(area=Area.SETTINGS, severity=Severity.WARNING, target=SETTING, message=message, fix=fix)
        return
    reason = _unreachable(endpoint)
    if reason is not None:
        message, fix = f"{endpoint} does not answer: {reason.rstrip('.')}.", "See its name, its firewall and its DNS."
        yield Finding(area=Area.SETTINGS, severity=Severity.ERROR, target=SETTING, message=message, fix=fix)
    boxes = list(Outboxes().list())
    yield from _failing(endpoint, boxes)
    yield from _refused([refusal for box in boxes for refusal in box.refused])


def _refused(refusals: list[Refusal]) -> Iterator[Finding]:
    """Yield which events the topic refuses, each by itself, while it takes others: none of those waits for them."""
    if not refusals:
        return
    first = min(refusals, key=lambda refusal: refusal.since)
    others = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
    yield Finding(
        area=Area.SETTINGS,
        severity=Severity.ERROR,
        target=SETTING,
        message=f"The topic refuses the event {first.event}{others}: {first.reason.rstrip('.')}.",
        fix="If its inputSchema is not CloudEventSchemaV1_0, make it anew; else tell Kiln's makers. "
        "Each is tried again every minute, if it is not too large, and given up after 24 hours.",
        since=first.since,
    )


def _failing(endpoint: str, boxes: list[Outbox]) -> Iterator[Finding]:
    """Yield why events of runs are not taken. One run's are tried again: they may be taken by now, and else say why."""
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
        return ", and just now another host tries to publish them"
    reason = redact(str(failed)).rstrip(".")
    return f", for it refuses Kiln's identity: {reason}" if _is_refused(failed) else f": {reason}"


def _fix(endpoint: str, failed: PublishFailed | None) -> str:
    if failed is None:
        return "Look again in a minute; the log has the topic's answer."
    if not _is_refused(failed):
        return "See that the topic is there, lets the app in, and takes CloudEvents 1.0; the log has its answer."
    given = grant(ROLE, '"<id of the topic>"')
    return (
        f"Give Kiln's identity the role {ROLE}, which has {ACTION}, at the topic: {given}. Kiln knows no more of it "
        "than its endpoint; its id, in its subscription: az eventgrid topic list --query "
        f"\"[?endpoint=='{endpoint}'].id\" --output tsv. A role takes minutes to count; "
        "if it has it for long, see the topic's firewall."
    )


def _is_refused(failed: PublishFailed) -> bool:
    """Whether the topic itself answered that the caller may not publish; that there is no token is none of its."""
    return getattr(failed.__cause__, "status_code", None) in REFUSED


def _unreachable(endpoint: str) -> str | None:
    """Return why nothing answers at the topic; that it refuses a request without a token is an answer."""
    try:
        urllib.request.urlopen(endpoint, timeout=ANSWER_SECONDS).close()  # noqa: S310 - the app's own setting
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    return None
