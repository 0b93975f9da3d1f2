"""The matrices of faults: every call of a flow that went well, in every way in which it can go wrong."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.faults.azure_calls.calls import Call, Recording
from tests.faults.azure_calls.expectations import BAD, GOOD, expected
from tests.faults.azure_calls.injector import Injector
from tests.faults.azure_calls.kinds import KINDS, MARK, RETRY_AFTER, Kind
from tests.faults.azure_calls.place import Place, place
from tests.faults.azure_calls.rebuilds import Rebuild, Watch
from tests.faults.azure_calls.subjects import Build, Outcome, Subject, Submission
from tests.faults.by_turns import by_turns
from tests.faults.matrix import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SECRET = re.compile(r"sig(=|%(25)*3D)|eyJ|Bearer ", re.IGNORECASE)
_MOST_TOLD = 8
_SERVICES = {True: ("state", "events"), False: ("ARM", "blobs")}
_ALL = ("ARM", "blobs", "state", "events")
"""The services whose calls go wrong, by whether a subject is about Kiln's records. Sign-in is in neither: MSAL keeps a
refusal for a minute of real time, so that nothing else could be looked at."""


@dataclass
class CallBench:
    """The calls of some subjects, recorded in this process, and the place where they go wrong."""

    place: Place
    subjects: tuple[Subject, ...]
    notes: list[str] = field(default_factory=list)
    _known: dict[str, tuple[Subject, Call, Kind]] = field(default_factory=dict)
    known: tuple[Subject, ...] = ()
    """Subjects whose calls are not counted here, for another matrix has them."""
    _others: set[str] = field(default_factory=set)
    _settings: ExitStack = field(default_factory=ExitStack)
    _turned: Subject | None = None

    def cases(self) -> list[Case]:
        """Record each subject once, and cross its calls with the kinds of faults."""
        if not self._known:
            for subject in self.known:
                self._turn_to(subject)
                self._others |= {call.id for call in self._record(subject).calls.values()}
            for subject in self.subjects:
                self._turn_to(subject)
                self._add(subject, self._record(subject))
        return [
            Case(id_, f"{subject.name}: {_row(call)}", kind.name) for id_, (subject, call, kind) in self._known.items()
        ]

    def _add(self, subject: Subject, recording: Recording) -> None:
        rules: Counter[str] = Counter()
        services = _ALL if subject.alone else _SERVICES[subject.records]
        calls = [call for call in recording.calls.values() if call.service in services and call.id not in self._others]
        for call in calls:
            for kind in KINDS:
                if kind.rule(call) is not None:
                    self._known[f"{subject.name}/{call.id}/{kind.name}"] = (subject, call, kind)
                    rules[expected(call, kind).why] += 1
        again = sum(recording.collapsed.values())
        most = "".join(f"\n  {count:4} {id_}" for id_, count in recording.collapsed.most_common(_MOST_TOLD))
        self.notes.append(f"{subject.name}: {len(calls)} calls; {again} more were the same ones, most often:{most}")
        self.notes.append("  and these rules say what must come of them:")
        self.notes += [f"  {count:4} {why}" for why, count in rules.items()]

    def _record(self, subject: Subject) -> Recording:
        """Run a subject without faults: once to make what later runs find, and again to hear what each case does."""
        subject.prepare(self.place)
        subject.run(self.place, Recording(subject.phase))
        self._turn_to(subject)
        subject.prepare(self.place)
        recording = Recording(subject.phase)
        self.place.listeners.append(recording.hear)
        outcome = subject.run(self.place, recording)
        self.place.listeners.remove(recording.hear)
        assert outcome.state in GOOD, outcome
        assert not outcome.strays, outcome
        return recording

    def _turn_to(self, subject: Subject) -> None:
        """Give Kiln the clients that a subject needs; they stay until another one needs others."""
        if self._turned is not subject or subject.alone:
            self._settings.close()
            self._settings.enter_context(self.place.kiln(records=subject.records))
            self._turned = subject
            subject.forget()

    def close(self) -> None:
        """Close Kiln's clients."""
        self._settings.close()

    def check(self, case: Case) -> list[str]:
        """Let the call go wrong, and compare the outcome with the rule."""
        subject, call, kind = self._known[case.id]
        self._turn_to(subject)
        if records := by_turns():
            records.to_memory()
        subject.prepare(self.place)
        self.place.pauses.clear()
        injector = Injector(self.place, call, kind, subject.phase)
        outcome = subject.run(self.place, injector)
        problems = list(_judged(call, kind, outcome))
        if not injector.fired:
            problems.append("the call did not come, so that nothing went wrong")
        if kind.name == "429" and call.service == "ARM" and RETRY_AFTER not in self.place.pauses:
            problems.append(f"Retry-After was not honoured: {self.place.pauses}")
        return [*problems, f"{outcome}"] if problems else []


def _judged(call: Call, kind: Kind, outcome: Outcome) -> Iterator[str]:
    rule = expected(call, kind)
    if outcome.flow != "Completed" and not rule.breaks:
        yield f"the orchestration is {outcome.flow}"
    if outcome.state not in rule.states:
        yield f"ended {outcome.state}, not {' or '.join(rule.states)}: {rule.why}"
    if outcome.strays:
        yield f"left behind: {', '.join(outcome.strays)}"
    if outcome.versions > 1:
        yield f"{outcome.versions} image versions"
    if _SECRET.search(outcome.text):
        yield "a secret is told"
    if outcome.unsent:
        yield f"{outcome.unsent} events are not published"
    if (
        outcome.state in GOOD
        and call.phase not in {"submit", "watch"}
        and (outcome.versions, outcome.regions) != (1, 2)
    ):
        yield f"{outcome.versions} versions in {outcome.regions} regions, not 1 in 2"
    if rule.tells:
        yield from _told(call, kind, outcome)


def _told(call: Call, kind: Kind, outcome: Outcome) -> Iterator[str]:
    own_words = expected(call, kind).own_words or call.method == "HEAD"  # its answer has no text
    if not own_words and MARK in str(kind.rule(call)) and MARK not in outcome.text:
        yield "Azure's own reason is not told"
    if outcome.state in GOOD:
        if not outcome.leftovers:
            yield "nothing is named as left over"
        return
    if outcome.state in BAD and outcome.phase != call.phase:
        yield f"failed in the phase {outcome.phase}, not {call.phase}"
    if outcome.hint is None and call.phase not in {"submit", "rebuild"}:
        yield "there is no hint"  # of a subject that is no run, the text has it


def _row(call: Call) -> str:
    return f"{call.phase} ({call.service})" if call.service != call.phase else call.phase


@dataclass(frozen=True)
class CallMatrix:
    """The calls of some subjects."""

    name: str
    title: str
    every: int
    make: tuple[Callable[[], Subject], ...]
    known: tuple[Callable[[], Subject], ...] = ()
    case_seconds: float = 120.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[CallBench]:
        """Start a local Azure."""
        with (
            place(folder) as here,
            closing(
                CallBench(here, tuple(make() for make in self.make), known=tuple(make() for make in self.known))
            ) as bench,
        ):
            yield bench


BUILD = CallMatrix(
    "build",
    "a submission, and a build for a gallery in two regions and a VHD, on Azure and in blobs",
    150,
    (Submission, Build),
)
RECORDS = CallMatrix(
    "records",
    "Kiln's own records and events in a submission and a build",
    0,
    (partial(Submission, records=True), partial(Build, records=True)),
)
REBUILDS = CallMatrix(
    "rebuilds",
    "what an event adds to a build, and a round of the watcher",
    0,
    (Rebuild, Watch),
    known=(partial(Submission, records=True), partial(Build, records=True)),
)
