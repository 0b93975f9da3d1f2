"""What is to come of a fault: rules with their reasons, the first that fits a call and a kind decides."""

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
    """One rule: whom it is about, how that ends, and why."""

    why: str
    fits: Callable[[Call, Kind], bool]
    states: tuple[str, ...]
    tells: bool = False
    """Whether a person must read what went wrong: in the error or, of what ended well, among the leftovers."""
    own_words: bool = False
    """Whether Kiln has better words for it than Azure."""
    breaks: bool = False
    """Whether the orchestration itself may fail, for there is nothing left that it could do."""


RULES = (
    Rule(
        "what is announced never fails what it tells of; the outbox keeps it",
        lambda call, _: call.service == "events",
        GOOD,
    ),
    Rule("what a round of the watcher missed, the next one sees", lambda call, _: call.phase == "watch", GOOD),
    Rule(
        "a line that the log lacks fails no build",
        lambda call, _: call.service == "blobs" and call.activity in {"report_progress", "finish_run"},
        GOOD,
    ),
    Rule("what passes is tried again", lambda _, kind: not kind.lasting, GOOD),
    Rule(
        "Kiln's own records are asked for again after any refusal, but one that says that there is none is believed",
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
        "a 404 is what a look for something that is not there yet expects",
        lambda call, kind: (
            kind.name == "404" and (not call.found or (call.activity, call.method) == ("stage_artifact", "HEAD"))
        ),
        GOOD,
    ),
    Rule(
        "what a template names and is not there is said in AIB's words",
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
        "a log that is not there yet is one to which nothing was written, and the next look sees what there is",
        lambda call, kind: (call.service, call.activity, kind.name) == ("blobs", "check_step", "404"),
        GOOD,
    ),
    Rule(
        "a run command that is gone has no words of Azure's",
        lambda call, kind: (call.activity, kind.name) == ("check_step", "404"),
        BAD,
        tells=True,
        own_words=True,
    ),
    Rule(
        "what a template's staging is said to lack is made again",
        lambda call, kind: kind.name == "404" and call.phase == "stage" and call.activity in MAKERS,
        GOOD,
    ),
    Rule(
        "what is gone already need not be deleted",
        lambda call, kind: kind.name == "404" and call.phase == "clean up",
        GOOD,
    ),
    Rule(
        "what cannot be deleted is named, and fails nothing",
        lambda call, _: call.phase == "clean up",
        GOOD,
        tells=True,
    ),
    Rule(
        "the access that an export has ends with its disk, which goes anyway",
        lambda call, _: call.activity == "end_export" or call.role.startswith("end the export"),
        GOOD,
    ),
    Rule("each target fails for itself", lambda call, _: call.phase in {"capture", "distribute"}, SOME, tells=True),
    Rule("what Azure refuses for good fails, with its reason", lambda _, kind: kind.lasting, BAD, tells=True),
)


def expected(call: Call, kind: Kind) -> Rule:
    """Return the rule that decides."""
    return next(rule for rule in RULES if rule.fits(call, kind))
