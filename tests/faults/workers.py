"""Worker processes for cases, each with its own bench: one that is free takes the next case.

It owns the processes; one that dies or hangs in a case costs that case alone, and is replaced.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.faults.matrix import Case, Verdict
from tests.faults.registry import matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.process import BaseProcess

    from tests.faults.matrix import Bench

_OPEN_SECONDS = 300.0
_CLOSE_SECONDS = 30.0
_SPAWN = multiprocessing.get_context("spawn")  # nothing of the parent's threads, clients or settings


class WorkerLost(RuntimeError):
    """A worker that died or failed before it had found the cases."""


def judge(bench: Bench, case: Case) -> Verdict:
    """Check one case; an exception is a problem of the case."""
    began = time.monotonic()
    try:
        problems = tuple(bench.check(case))
    except Exception:  # noqa: BLE001  # a case that breaks must not take the matrix with it
        problems = (traceback.format_exc(limit=-6),)
    return Verdict(case, problems, time.monotonic() - began)


@dataclass
class Worker:
    """A process with a bench, and the case that it was given."""

    process: BaseProcess
    pipe: Connection
    case: Case | None = None
    since: float = 0.0

    @classmethod
    def start(cls, name: str) -> Worker:
        """Start a process that opens its bench and then sends the cases that it finds."""
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(name, theirs), name=f"matrix {name}")
        process.start()
        theirs.close()
        return cls(process, ours, since=time.monotonic())

    def give(self, case: Case) -> None:
        """Let it check a case."""
        self.case, self.since = case, time.monotonic()
        self.pipe.send(case)

    def end(self) -> None:
        """Let the process close its bench and end; one that does not is killed."""
        with contextlib.suppress(OSError):  # it has gone already
            self.pipe.send(None)
        self.process.join(_CLOSE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _work(name: str, pipe: Connection) -> None:
    logging.disable(logging.CRITICAL)  # thousands of faults on purpose; a problem is in the verdict
    with TemporaryDirectory(prefix="kiln-faults-") as folder, matrix(name).open(Path(folder)) as bench:
        pipe.send((list(bench.cases()), list(bench.notes)))
        gc.collect()
        gc.freeze()  # imports and recordings stay: half of the collector's work is to look at them again
        while (case := pipe.recv()) is not None:
            pipe.send(judge(bench, case))


@dataclass
class Crew:
    """A number of workers on one matrix."""

    name: str
    workers: int
    choose: Callable[[Sequence[Case]], Sequence[Case]]
    """The choice, among the cases that were found, of those to check."""
    chosen: int | None = None
    notes: tuple[str, ...] = ()
    order: dict[str, int] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield each chosen case's verdict as it comes. Raises `WorkerLost` if no case can be found at all."""
        self._limit = matrix(self.name).case_seconds
        self._crew = [Worker.start(self.name) for _ in range(self.workers)]
        self._queue: list[Case] = []
        try:
            while self.chosen is None or self._queue or any(worker.case for worker in self._crew):
                yield from self._step()
        finally:
            for worker in self._crew:
                worker.end()

    def _step(self) -> Iterator[Verdict]:
        ready = wait([worker.pipe for worker in self._crew], timeout=1.0)
        for worker in list(self._crew):
            if worker.pipe in ready:
                yield from self._hear(worker)
            elif time.monotonic() - worker.since > (self._limit if worker.case else _OPEN_SECONDS) and self._is_due(
                worker
            ):
                yield from self._replace(worker, f"no end after {time.monotonic() - worker.since:.0f} s")

    def _is_due(self, worker: Worker) -> bool:
        """Whether a worker owes an answer: one without a case does until it has sent its cases."""
        return worker.case is not None or self.chosen is None

    def _hear(self, worker: Worker) -> Iterator[Verdict]:
        try:
            message: Any = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._replace(worker, "its process died")
            return
        if isinstance(message, Verdict):
            worker.case = None
            yield message
        elif self.chosen is None:
            found, notes = message
            self._queue = list(self.choose(found))
            self.chosen, self.notes = len(self._queue), tuple(notes)
            self.order = {case.id: index for index, case in enumerate(found)}
        if self._queue:
            worker.give(self._queue.pop(0))

    def _replace(self, worker: Worker, reason: str) -> Iterator[Verdict]:
        worker.process.kill()
        worker.end()
        self._crew.remove(worker)
        if worker.case is None:
            raise WorkerLost(f"a worker of {self.name} found no cases: {reason}")
        yield Verdict(worker.case, (reason,), time.monotonic() - worker.since)
        if self._queue:
            self._crew.append(Worker.start(self.name))
