"""`python -m tests.faults.chaos`: random clients, faults and deaths for a while, then the invariants.

Exit code 0 only when all of them hold. Ctrl-C and SIGTERM end it, and every process that it started.
"""

from __future__ import annotations

import argparse
import logging
import math
import secrets
import shutil
import signal
import sys
import traceback
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from tests.faults.chaos.calm import Calm
from tests.faults.chaos.chaos import Chaos, Log
from tests.faults.chaos.reasons import Reasons
from tests.faults.crash_services import ground, running
from tests.faults.report import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MINUTE = 60.0
INTERRUPTED = 130
"""The exit code of shells for a program that Ctrl-C has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="what decides all actions (default: another one each time)")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long it rages (default: 2)")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    again = f"python -m tests.faults.chaos --seed {seed} --minutes {options.minutes:g}"
    say(f"{again}\n")
    logging.disable(logging.CRITICAL)  # faults on purpose; problems are printed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(mkdtemp(prefix="kiln-chaos-"))
    try:
        log, problems = run(folder, seed, seconds=options.minutes * MINUTE, tell=lambda line: say(f"{line}\n"))
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        say("interrupted\n")
        return INTERRUPTED
    except Exception:  # noqa: BLE001  # whatever it is, the seed must be told
        problems = [traceback.format_exc()]
    if problems:
        logs = f"the logs are in {folder}"
        say("\n".join(["", f"{len(problems)} problems:", *problems, logs, f"again: {again}", ""]))
        return 1
    shutil.rmtree(folder)
    say(f"all is well after {len(log.lines)} actions\n")
    return 0


def run(
    folder: Path, seed: int, *, seconds: float = math.inf, strokes: int | None = None, tell: Callable[[str], None]
) -> tuple[Log, list[str]]:
    """Run the chaos, and let everything settle; return the log, and everything that is wrong then.

    The chaos lasts for so many seconds, or until so many blows were struck.
    """
    log = Log(tell)
    with ground(folder, proxied=True) as found, running(found, folder / f"chaos{seed}") as (services, app):
        chaos = Chaos(seed, seconds, strokes, found, services, app, log)
        try:
            chaos.rage()
        except KeyboardInterrupt:
            log.stop_telling()
            raise
        calm = Calm(services, app, Reasons(chaos.struck))
        problems = calm.problems()
        log.add(calm.summary)
    return log, [*log.wrong, *problems]


if __name__ == "__main__":
    sys.exit(main())
