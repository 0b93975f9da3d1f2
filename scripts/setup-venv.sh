#!/usr/bin/env bash
# Makes the virtual environment (its path is the one argument), with pip alone, unless there is one that works.
set -euo pipefail

venv=${1:?usage: setup-venv.sh VENV}

# newest_python: print the newest Python that is here and new enough.
newest_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "setup: Kiln needs Python 3.11 or newer with venv, and $(python3 --version 2>&1 || true) is too old or has none;" \
    "install python3.11 and python3.11-venv (or newer)" >&2
  return 1
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
  python=$(newest_python)
  echo "setup: making $venv with $python" >&2
  "$python" -m venv --clear "$venv"
fi
