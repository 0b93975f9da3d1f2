"""`python -m tests.worker`: check the app in Microsoft's own worker; fail where there is no Python for it."""

from __future__ import annotations

import sys

import pytest

from tests.worker.interpreter import absence, interpreter


def main() -> int:
    """Say which Python it is, and run the tests of this package; return the exit code."""
    python = interpreter()
    if python is None:
        sys.stderr.write(f"{absence()}\n")
        return 1
    sys.stdout.write(f"Microsoft's worker runs on {python}\n")
    return int(pytest.main(["tests/worker", "-n", "0", "-v", "--durations", "5"]))


if __name__ == "__main__":
    sys.exit(main())
