#!/usr/bin/env bash
# Installs into the virtual environment (its path is the one argument) everything that development and local runs need.
set -euo pipefail

venv=${1:?usage: setup-python.sh VENV}

pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input)
uv=("$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode)

# install COMMAND...: install what is deployed, as it is deployed; what is beside it may be newer.
# pip and uv take hashes for all of a call or for none.
install() {
  "$@" --require-hashes --requirement requirements.txt </dev/null &&
    "$@" --requirement requirements-dev.txt --editable . </dev/null
}

echo "setup: installing Python packages" >&2
# uv takes a third of pip's time, but knows nothing of pip's configuration, such as a company's own index.
if ! { "${pip[@]}" "$(grep '^uv' requirements-dev.txt)" </dev/null && install "${uv[@]}"; }; then
  echo "setup: uv could not; pip tries it" >&2
  install "${pip[@]}"
fi
