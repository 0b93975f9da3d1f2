"""The beginning of every script for Linux, and the Shell customizer.

Both streams are one (`exec 2>&1`), so that a log keeps the order in which a person would have seen them. Run Command
starts scripts with bash and without `-e`, AIB with `/bin/sh -e` (Packer's shell provisioner): the first line decides.
"""

from __future__ import annotations

from kiln.planner.scripts import ARTIFACT_VARIABLE

LINUX_SCRIPTS = "/tmp/kiln-script"  # noqa: S108 - in the guest, completed by mktemp
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


def inline_script(lines: tuple[str, ...]) -> str:
    """Return the script of a Shell customizer's `inline`: its lines are the script, as they are."""
    return HEAD + "\n".join(lines) + "\n"


def fetched_script() -> str:
    """Return the script of a Shell customizer's `scriptUri`: fetch it, then execute it."""
    return (
        f"{HEAD}{FETCH}"
        f"script=$(mktemp {LINUX_SCRIPTS}.XXXXXX)\n"
        "trap 'rm -f \"$script\"' EXIT\n"
        'kiln_fetch "$script"\n'
        f"unset {ARTIFACT_VARIABLE}\n"
        'chmod 0755 "$script"\n'
        '"$script"\n'
    )
