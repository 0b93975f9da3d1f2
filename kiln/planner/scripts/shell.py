"""The beginning of every script for Linux, and the Shell customizer.

Both streams are one (`exec 2>&1`), so that a log keeps the order in which a person would have seen them. Run Command
starts scripts with bash and without `-e`, AIB with `/bin/sh -e` (Packer's shell provisioner): the first line decides.

A script of Windows' line ends is run with Unix', as by that provisioner (provisioner/shell/unix_reader.go, unless its
option `binary` is set, which AIB does not have): CR before LF and at the very end is left out, any other CR is kept.
Only the copy that is run is converted, in the machine: the artifact, and what `sha256Checksum` is of, are as fetched.
"""

from __future__ import annotations

import re

from kiln.planner.scripts import ARTIFACT_VARIABLE

SCRIPT_FOLDERS = ("/tmp", "/var/tmp", "/opt")  # noqa: S108 - in the guest, completed by mktemp
"""The folders in which a fetched script may be run: the first that lets a file be executed. AIB knows /tmp alone
(Packer's `remote_folder`), which hardened images mount with noexec, and often /var/tmp as well (CIS, STIG)."""

SCRIPT_NAME = "kiln-script"
"""The beginning of the names of fetched scripts; a script that is killed leaves its file."""

HEAD = "#!/bin/sh -e\nexec 2>&1\n"

FETCH = f"""\
kiln_fetch() {{
  if command -v curl >/dev/null 2>&1; then
    printf 'url = "%s"\\n' "${ARTIFACT_VARIABLE}" |
      curl --fail --silent --show-error --location --retry 5 --output "$1" --config -
  elif command -v wget >/dev/null 2>&1; then
    printf '%s\\n' "${ARTIFACT_VARIABLE}" | wget --quiet --tries=5 --output-document="$1" --input-file=-
  else
    python3 -c '
import os, shutil, sys, urllib.request
with urllib.request.urlopen(os.environ["{ARTIFACT_VARIABLE}"]) as source, open(sys.argv[1], "wb") as target:
    shutil.copyfileobj(source, target)
' "$1"
  fi
}}
"""


_PLACE = f"""\
kiln_place() {{
  for folder in {" ".join(SCRIPT_FOLDERS)} "${{0%/*}}"; do
    script=$(mktemp "$folder/{SCRIPT_NAME}.XXXXXX" 2>/dev/null) || continue
    if echo '#!/bin/sh' >"$script" && chmod 0755 "$script" && "$script"; then
      return
    fi 2>/dev/null
    rm -f "$script"
  done
  echo 'no folder of this machine lets a script be executed: {", ".join(SCRIPT_FOLDERS)} and that of Run Command are'
  echo 'read-only, full or mounted with noexec; let one of them be executable during the build, or use inline lines'
  exit 126
}}
"""
"""A function that makes an empty file in which a script can be run, and names it in `script`.

The last folder is that of this very script: Run Command has executed it there (Azure/run-command-handler-linux,
internal/exec/exec.go).
"""

_UNIX = """\
kiln_unix() {
  if [ "$(tr -d '\\000' <"$1" | wc -c)" -eq "$(wc -c <"$1")" ]; then
    LC_ALL=C sed "s/$(printf '\\r')\\$//" "$1"
  else
    cat "$1"
  fi
}
"""
"""A function that prints a script with Unix' line ends. A file with a NUL is a program, or has one packed into it, and
is printed as it is; Packer would break it."""


def unix_lines(text: str) -> str:
    """Return a script's text with Unix' line ends."""
    return re.sub(r"\r(?=\n|\Z)", "", text)


def inline_script(lines: tuple[str, ...]) -> str:
    """Return the script of a Shell customizer's `inline`: its lines are the script, but for Windows' line ends."""
    return HEAD + unix_lines("\n".join(lines) + "\n")


def fetched_script() -> str:
    """Return the script of a Shell customizer's `scriptUri`: fetch it, then execute it."""
    return (
        f"{HEAD}{FETCH}{_PLACE}{_UNIX}"
        "kiln_place\n"
        'trap \'rm -f "$script" "$script.fetched"\' EXIT\n'
        'kiln_fetch "$script.fetched"\n'
        f"unset {ARTIFACT_VARIABLE}\n"
        'kiln_unix "$script.fetched" >"$script"\n'
        'rm -f "$script.fetched"\n'
        '"$script"\n'
    )
