"""`python -m tests.faults.crash_stem MODULE...`: a process that imports modules, and then only forks.

A forked process begins as a new `python -m` would with everything imported, for the stem runs nothing else and has one
thread. The stem ends with its standard input, and all processes that it forked with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Import what the arguments name, say `ready`, and answer each order, a line of JSON, with a process id."""
    for module in sys.argv[1:]:
        importlib.import_module(module)
    if (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        raise RuntimeError(f"{threads} threads run after the imports: a fork would lose all but one")
    gc.freeze()
    _say("ready")
    for line in sys.stdin:
        _reap()
        pid = os.fork()
        if pid == 0:
            _become(**json.loads(line))
        _say(str(pid))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _reap() -> None:
    """Reap processes that have ended; not before the next order, so that until then no other process gets their ids."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:  # there is no child at all
        return


def _become(module: str, arguments: list[str], environment: dict[str, str], log: str) -> NoReturn:
    """Become `python -m module arguments` in a process group of its own, as `devkit.child` starts it."""
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for file, number in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(file, number)
    os.close(nothing)
    os.close(written)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    program = importlib.import_module(module)
    if hasattr(program, "__path__"):  # of a package, `-m` runs this
        program = importlib.import_module(f"{module}.__main__")
    sys.exit(program.main())


if __name__ == "__main__":
    main()
