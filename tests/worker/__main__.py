"""`python -m tests.worker`: check the app in Microsoft's own worker; fail where there is no Python for it.

With `--own-tests`, run Kiln's own tests of the language, the planner and the flows on that Python instead.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.worker.environment import FOR_TESTS, ROOT
from tests.worker.interpreter import absence, interpreter

OWN_TESTS = "--own-tests"
_OWN = ("tests/unit/kiln/template", "tests/unit/kiln/planner", "tests/unit/kiln/rebuild", "tests/flows/kiln")


def main(arguments: list[str]) -> int:
    """Print the version of the Python, and run the tests; return the exit code."""
    python = interpreter()
    if python is None:
        sys.stderr.write(f"{absence()}\n")
        return 1
    if arguments == [OWN_TESTS]:
        sys.stdout.write(f"Kiln's own tests run on {python}\n")
        command = [str(FOR_TESTS.python(python)), "-m", "pytest", "-q", "-n", "2", *_OWN]
        return subprocess.run(command, check=False, cwd=ROOT).returncode
    sys.stdout.write(f"Microsoft's worker runs on {python}\n")
    return int(pytest.main(["tests/worker", "-n", "0", "-v", "--durations", "5"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
