"""Expected outcomes of faults: rules with their reasons, of which the first that fits a call and a kind decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.azure_calls.calls import Call
    from tests.faults.azure_calls.kinds import Kind

GOOD = ("Succeeded",)
BAD = ("Failed",)
SOME = ("Failed", "PartiallySucceeded")
MAKERS = ("create_group", "start_security_group", "start_network", "start_storage")
ANY = ("Succeeded", "PartiallySucceeded", "Failed")


@dataclass(frozen=True)
class Rule:
    """One rule: the faults that it is about, the expected states, and why."""

    why: str
    fits: Callable[[Call, Kind], bool]
    states: tuple[str, ...]
    tells: bool = False
    """Whether a person must read the cause: in the error or, where all ended well, among the leftovers."""
    own_words: bool = False
    """Whether Kiln words the cause better than Azure."""
    breaks: bool = False
    """Whether the orchestration itself may fail, for there is nothing left that it could do."""


RULES = (
    Rule(
        "publishing an event never fails a run; the outbox keeps the event",
        lambda call, _: call.service == "events",
        GOOD,
    ),
    Rule("a version that one round of the watcher misses, the next sees", lambda call, _: call.phase == "watch", GOOD),
    Rule(
        "a line that is missing in the log fails no build",
        lambda call, _: call.service == "blobs" and call.activity in {"report_progress", "finish_run"},
        GOOD,
    ),
    Rule("a fault that passes is tried again", lambda _, kind: not kind.lasting, GOOD),
    Rule(
        "Kiln's own records are asked for again after any refusal but a 404, which is believed",
        lambda call, kind: call.service == "state" and kind.times == 1 and kind.name != "404",
        GOOD,
    ),
    Rule(
        "without its records Kiln says what it can, and the sweeper ends what is left once they are there again",
        lambda call, _: call.service == "state",
        ANY,
        breaks=True,
    ),
    Rule(
        "a 404 is expected by a look for something that may not exist yet",
        lambda call, kind: (
            kind.name == "404" and (not call.found or (call.activity, call.method) == ("stage_artifact", "HEAD"))
        ),
        GOOD,
    ),
    Rule(
        "a resource that a template names and that does not exist is told in AIB's words",
        lambda call, kind: (
            kind.name == "404" and call.service == "ARM" and call.activity in {"check_template", "make_plan"}
        ),
        BAD,
        tells=True,
        own_words=True,
    ),
    Rule(
        "a version that was announced and is not listed yet is looked for again",
        lambda call, kind: (call.activity, kind.name) == ("look_up_version", "404"),
        GOOD,
    ),
    Rule(
        "a log that does not exist yet is taken as empty, and the next look reads what was written",
        lambda call, kind: (call.service, call.activity, kind.name) == ("blobs", "check_step", "404"),
        GOOD,
    ),
    Rule(
        "a run command that is gone leaves no reason of Azure's",
        lambda call, kind: (call.activity, kind.name) == ("check_step", "404"),
        BAD,
        tells=True,
        own_words=True,
    ),
    Rule(
        "a staging resource that is said to be missing is made again",
        lambda call, kind: kind.name == "404" and call.phase == "stage" and call.activity in MAKERS,
        GOOD,
    ),
    Rule(
        "a resource that is gone already need not be deleted",
        lambda call, kind: kind.name == "404" and call.phase == "clean up",
        GOOD,
    ),
    Rule(
        "a resource that cannot be deleted is named, and fails nothing",
        lambda call, _: call.phase == "clean up",
        GOOD,
        tells=True,
    ),
    Rule(
        "an export's access ends with its disk, which is deleted anyway",
        lambda call, _: call.activity == "end_export" or call.role.startswith("end the export"),
        GOOD,
    ),
    Rule("each target fails by itself", lambda call, _: call.phase in {"capture", "distribute"}, SOME, tells=True),
    Rule("a request that Azure refuses for good fails, with its reason", lambda _, kind: kind.lasting, BAD, tells=True),
)


def expected(call: Call, kind: Kind) -> Rule:
    """Return the rule that decides."""
    return next(rule for rule in RULES if rule.fits(call, kind))
